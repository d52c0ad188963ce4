// Nothing: what starting and ending a process costs.
package .benches;

class empty {
    void main() {
    }
};
