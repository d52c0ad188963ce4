// A thread in each method that blocks. The golden world is this program, stopped when all of them wait; a later build
// must see every one of them go on.
package .golden;

import .internal."thread";
import .internal.mutex;
import .internal.cond;
import .internal.sema;
import .internal.sync;
import .internal.time;
import .internal.world;
import .internal.tcp;
import .internal.udp;
import .internal.process;
import .internal.once;
import .internal.console;
import .internal.exception;

class common {
    var held : .internal.mutex;
    var under : .internal.mutex;
    var signal : .internal.cond;
    var permits : .internal.sema;
    var locked;
    var notified;
    var sleeper : .internal.thread;
    var paused : .internal.thread;
    var durable : .internal.tcp;

    void common() {
        held = new .internal.mutex();
        under = new .internal.mutex();
        signal = new .internal.cond();
        permits = new .internal.sema();
        locked = new .internal.mutex();
        notified = new .internal.mutex();
    }
};

class waiter {
    var kind : string;
    var all : common;

    void waiter(var k : string, var a : common) { kind = k; all = a; }

    void run() {
        string came = "";
        try { came = wait(); }
        catch (.internal.exception e) { came = e.getClass().getName(); }
        println(kind + ": " + came);
    }

    string wait() {
        var time = new .internal.time();
        var sync = new .internal.sync();
        switch (kind) {
            case "sleep": time.sleepMsec(30000); return "woke";
            case "mutex": all.held.lock(); all.held.unlock(); return "locked";
            case "mutex in time": int got = all.held.tryLockMsec(60000); all.held.unlock(); return "" + got;
            case "condition": all.under.lock(); all.signal.wait(all.under); all.under.unlock(); return "signalled";
            case "condition in time":
                all.under.lock();
                int signalled = all.signal.twait(all.under, 60000);
                all.under.unlock();
                return "" + signalled;
            case "condition too late":
                all.under.lock();
                int late = all.signal.twait(all.under, 20000);
                all.under.unlock();
                return "" + late;
            case "permit": all.permits.acquire(); return "taken";
            case "lock of an object": sync.lock(all.locked); sync.unlock(all.locked); return "locked";
            case "notification": sync.lock(all.notified); sync.wait(all.notified); sync.unlock(all.notified); return "notified";
            case "join": all.sleeper.join(); return "ended";
            case "pause": new .internal.world().getMyThread().pause(); return "unpaused";
            case "input": return new .internal.console().readLine();
            case "accept":
                var door = new .internal.tcp();
                door.listen("127.0.0.1:7001");
                return door.accept().recv();
            case "receive":
                var port = new .internal.tcp();
                port.listen("127.0.0.1:7002");
                var client = new .internal.tcp();
                client.connect("127.0.0.1:7002");
                return client.recv();
            case "datagram":
                var socket = new .internal.udp();
                socket.bindAddress("127.0.0.1:7003");
                return socket.recvFrom();
            case "output of a process":
                var cat = new .internal.process();
                cat.start("cat", null);
                string read = cat.read();
                return (read == null ? "the end, " : read) + cat.wait();
            case "end of a process":
                var other = new .internal.process();
                other.start("cat", null);
                return "" + other.wait();
            case "snapshot": time.sleepMsec(5000); new .internal.world().snapSync(); return "durable";
            case "once": time.sleepMsec(5000); return "" + new .internal.once().begin();
            case "held output":
                var to = new .internal.tcp();
                to.listen("127.0.0.1:7004");
                all.durable = new .internal.tcp();
                all.durable.connect("127.0.0.1:7004");
                all.durable.setDurable(1);
                time.sleepMsec(5000);
                all.durable.send("payment");
                return "sent";
        }
        return "?";
    }
};

class waits {
    void main() {
        var time = new .internal.time();
        var sync = new .internal.sync();
        var all = new common();
        all.held.lock();
        sync.lock(all.locked);
        string[] kinds = new string[]();
        all.sleeper = new .internal.thread().start(new waiter("sleep", all));
        all.paused = new .internal.thread().start(new waiter("pause", all));
        kinds.add("mutex");
        kinds.add("mutex in time");
        kinds.add("condition");
        kinds.add("condition in time");
        kinds.add("condition too late");
        kinds.add("permit");
        kinds.add("lock of an object");
        kinds.add("notification");
        kinds.add("join");
        kinds.add("input");
        kinds.add("accept");
        kinds.add("receive");
        kinds.add("datagram");
        kinds.add("output of a process");
        kinds.add("end of a process");
        kinds.add("snapshot");
        kinds.add("once");
        kinds.add("held output");
        .internal.thread[] threads = new .internal.thread[]();
        for (int i = 0; i < kinds.size(); i++) threads[i] = new .internal.thread().start(new waiter(kinds[i], all));
        println("all wait");
        time.sleepMsec(40000);
        all.held.unlock();
        sync.unlock(all.locked);
        sync.lock(all.notified);
        sync.notifyAll(all.notified);
        sync.unlock(all.notified);
        all.under.lock();
        all.signal.broadcast();
        all.under.unlock();
        all.permits.release();
        all.paused.unpause();
        var to = new .internal.tcp();
        to.connect("127.0.0.1:7001");
        to.send("hello");
        var letters = new .internal.udp();
        letters.bindAddress("127.0.0.1:0");
        letters.sendTo("letter", "127.0.0.1", 7003);
        for (int i = 0; i < kinds.size(); i++) threads[i].join();
        all.sleeper.join();
        all.paused.join();
        println("all went on");
    }
};
