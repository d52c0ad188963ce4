// Containers with types of elements, and functions over them.
// expect: [1, 4, 9]
// expect: 14
// expect: 6
// expect: [THREE, FIVE]
// expect: 3 1 0
// expect: [kiwi, fig, apple]
// expect: {4: [kiwi], 3: [fig, nut]}
// expect: one=1 two=2
// expect: 3
// expect: {ann: 30, bob: 25}
// expect: 25
// expect: c
// expect: 42
// expect: 7
// expect: 5
// expect: started
// expect: 0
package .programs;

import .lib.list;
import .lib.map;
import .lib.set;
import .lib.sorted_map;
import .lib.deque;
import .lib.channel;
import .lib.executor;
import .lib.future;
import .lib.timer;

class lib_typed {
    void main() {
        var numbers = new list<int>();
        numbers.add(1).add(2).add(3);
        println(numbers.map(n => n * n));
        println(numbers.map(n => n * n).fold(0, (sum, n) => sum + n));
        int total = 0;
        foreach (n in numbers) total += n;
        println(total);
        var words = new list<string>("one three five".split(" "));
        println(words.filter(w => w.length() > 3).map(w => w.toUpper()));
        println(words.count(w => w.contains("e")) + " " + words.any(w => w == "one") + " " + words.all(w => w == "one"));
        var fruit = new list<string>("apple fig kiwi".split(" "));
        println(fruit.sortBy((a, b) => b.charAt(0) - a.charAt(0)));
        println(new list<string>("kiwi fig nut".split(" ")).groupBy(w => w.length()));
        var ages = new map<string, int>();
        ages.put("one", 1);
        ages.put("two", 2);
        string line = "";
        foreach (name, age in ages) line += name + "=" + age + " ";
        println(line.trim());
        int sum = 0;
        foreach (e in ages) sum += e.value();
        println(sum);
        var sorted = new sorted_map<string, int>();
        sorted.put("bob", 25);
        sorted.put("ann", 30);
        println(sorted);
        println(sorted.last().value());
        var d = new deque<string>();
        d.addLast("c");
        string first = d.removeFirst();
        println(first);
        var c = new channel<int>(2);
        new .internal.thread().start(() => { c.send(42); c.close(); });
        foreach (n in c) println(n);
        var pool = new executor(2);
        println(pool.submit(() => 3 + 4).get());
        pool.close();
        var f = new future<int>();
        f.complete(5);
        println(f.get());
        timer.after(1L, () => println("started")).join();
        int mistakes = 0;
        try {
            var anything;
            anything = numbers;
            list<string> wrong = (list<string>)anything;
            string s = wrong.get(0);
        } catch (.internal.exception.class_cast e) { mistakes++; }
        println(mistakes - 1);
    }
};
