// A pool of threads that run tasks: functions, or objects with a method `run()`, whose result comes through a future.
package .lib;

class executor {
    var tasks : .lib.channel;
    var threads : .lib.list;

    // So many threads, at least 1.
    void executor(var size : int) {
        if (size < 1) throw new .lib.error("executor: at least 1 thread, not " + size);
        tasks = new .lib.channel();
        threads = new .lib.list();
        for (int i = 0; i < size; i++) {
            var t = new .internal.thread();
            t.setName("executor " + i);
            threads.add(t);
            t.start(new .lib.executor.worker(tasks));
        }
    }

    // Has a task run by the next thread that is free.
    .lib.future submit(var task) {
        var result = new .lib.future();
        tasks.send(new .lib.executor.job(task, result));
        return result;
    }

    // Runs all tasks of something that `foreach` takes; their results in the same order.
    .lib.list all(var many) {
        var futures = new .lib.list();
        foreach (task in many) futures.add(submit(task));
        var results = new .lib.list();
        foreach (f in futures) results.add(((.lib.future)f).get());
        return results;
    }

    // Takes no more tasks; returns when those that it has are done and the threads have ended.
    void close() {
        tasks.close();
        foreach (t in threads) ((.internal.thread)t).join();
    }
};

class executor.job {
    var task;
    var result : .lib.future;

    void job(var t, var f : .lib.future) {
        task = t;
        result = f;
    }
    .internal.object run() {
        if (task instanceof .internal.function) return task();
        return task.run();
    }
};

class executor.worker {
    var tasks : .lib.channel;

    void worker(var t : .lib.channel) { tasks = t; }
    .internal.object run() {
        while (true) {
            .lib.executor.job job = null;
            try { job = (.lib.executor.job)tasks.receive(); } catch (.lib.channel.closed e) { return null; }
            try { job.result.complete(job.run()); } catch (var e) { job.result.fail(e); }
        }
        return null;
    }
};
