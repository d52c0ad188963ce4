// Counts the ways to put N queens on an N x N board, for N from 1 up to the argument (13 by default, a minute or so).
// It knows nothing of saving, and ends with the right numbers however often it is killed.
package .examples;

class queens {
    var board : int [];
    var size : int;
    var solutions : long;

    int main(string[] args) {
        int last = 13;
        if (args.size() > 0) last = args[0].toInt();
        for (int n = 1; n <= last; n++)
            println(n + " queens: " + count(n));
        return 0;
    }

    long count(int n) {
        size = n;
        solutions = 0;
        board = new int[]();
        place(0);
        return solutions;
    }

    void place(int row) {
        if (row == size) {
            solutions += 1;
            return;
        }
        for (int column = 0; column < size; column++) {
            if (safe(row, column)) {
                board[row] = column;
                place(row + 1);
            }
        }
    }

    int safe(int row, int column) {
        for (int above = 0; above < row; above++) {
            int other = board[above];
            if (other == column || other - column == row - above || column - other == row - above) return 0;
        }
        return 1;
    }
};
