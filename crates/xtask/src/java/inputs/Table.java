import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;

/** A database in memory: its tables are only objects of the program. Arguments: driver class, address. */
public class Table {
    public static void main(String[] args) throws Exception {
        Class.forName(args[0]);
        try (Connection connection = DriverManager.getConnection(args[1], "sa", "");
                Statement statement = connection.createStatement()) {
            statement.execute("create table item (id int primary key, name varchar(40), price int)");
            try (PreparedStatement insert = connection.prepareStatement("insert into item values (?, ?, ?)")) {
                for (int id = 0; id < 1000; id++) {
                    insert.setInt(1, id);
                    insert.setString(2, "item " + id % 10);
                    insert.setInt(3, id * 7 % 100);
                    insert.executeUpdate();
                    if (id % 100 == 99) {
                        show(statement, "select count(*), sum(price) from item");
                    }
                }
            }
            statement.execute("update item set price = price + 1 where id < 500");
            show(statement, "select name, sum(price) from item group by name order by name");
            statement.execute("delete from item where price > 50");
            show(statement, "select count(*), max(price) from item");
        }
    }

    private static void show(Statement statement, String query) throws Exception {
        try (ResultSet rows = statement.executeQuery(query)) {
            while (rows.next()) {
                System.out.println(rows.getString(1) + " " + rows.getString(2));
            }
        }
    }
}
