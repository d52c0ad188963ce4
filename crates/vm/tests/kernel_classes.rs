//! Kernel methods that wait or call bytecode, in a program: what it writes must be the same when the world is saved and
//! opened again in a new memory after every slice.

#[path = "common/saved.rs"]
mod saved;

use saved::World;

/// `Point` and `Loader` sleep, so that a restart finds the kernel method that called them waiting.
const PROGRAM: &str = r#"
module test
class Point super .internal.object flags public {
    method toString ()L.internal.string; flags public ordinal 5 {
        new .internal.time
        i32.const8 5
        call_virtual .internal.time sleepMsec (I)V
        const "point"
        return
    }
}
class Loader super .internal.object flags public {
    method load (L.internal.object;)L.internal.object; flags public ordinal 8 {
        new .internal.time
        i32.const8 5
        call_virtual .internal.time sleepMsec (I)V
        new .internal.console
        local.get 1
        call_virtual .internal.console println (L.internal.object;)V
        const class Point
        return
    }
}
class Worker super .internal.object flags public {
    method work (L.internal.object;)V flags public ordinal 8 {
        new .internal.console
        local.get 1
        call_virtual .internal.console println (L.internal.object;)V
        new .internal.time
        i32.const8 3
        call_virtual .internal.time sleepSec (I)V
        new .internal.console
        const "worked"
        call_virtual .internal.console println (L.internal.object;)V
        return
    }
}
class Main super .internal.object flags public {
    method <init> ()V flags public constructor {
        return
    }
    method run (L.internal.object;)V flags public ordinal 8 {
        new .internal.console
        local.set 2
        local.get 2
        new Point
        call_virtual .internal.console println (L.internal.object;)V
        local.get 2
        local.get 1
        call_virtual .internal.console println (L.internal.object;)V

        i32.const8 3
        new_ref_array .internal.object
        local.set 3
        local.get 3
        i32.const8 0
        new Point
        array.set_ref
        local.get 3
        i32.const8 1
        const " and "
        array.set_ref
        local.get 3
        i32.const8 2
        new Point
        array.set_ref
        local.get 1
        local.get 3
        call_virtual .internal.boot print ([L.internal.object;)V

        local.get 2
        new .internal.stringbuilder
        new Point
        call_virtual .internal.stringbuilder append (L.internal.object;)L.internal.stringbuilder;
        i32.const8 5
        box_i32
        call_virtual .internal.stringbuilder append (L.internal.object;)L.internal.stringbuilder;
        call_virtual .internal.object toString ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        local.get 2
        local.get 2
        call_virtual .internal.console readLine ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        local.get 1
        new Loader
        call_virtual .internal.boot setClassLoader (L.internal.object;)V
        local.get 2
        local.get 1
        const "unknown"
        call_virtual .internal.boot loadClass (L.internal.string;)L.internal.class;
        call_virtual .internal.class getName ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        local.get 2
        new Elsewhere
        call_virtual .internal.console println (L.internal.object;)V
        local.get 2
        const class Elsewhere
        call_virtual .internal.class getName ()L.internal.string;
        call_virtual .internal.console println (L.internal.object;)V

        new .internal.closure
        local.set 4
        local.get 4
        new Point
        call_virtual .internal.closure setObject (L.internal.object;)V
        local.get 4
        i32.const8 5
        call_virtual .internal.closure setOrdinal (I)V
        local.get 2
        local.get 4
        null
        call_virtual .internal.closure call ([L.internal.object;)L.internal.object;
        call_virtual .internal.console println (L.internal.object;)V

        new .internal.world
        new Worker
        const "argument"
        call_virtual .internal.world startThread (L.internal.object;L.internal.object;)I
        pop
        local.get 1
        i32.const8 50
        call_virtual .internal.boot sleep (I)V
        local.get 1
        new Worker
        call_virtual .internal.boot startThread (L.internal.object;)V
        new .internal.world
        call_virtual .internal.world snapSync ()J
        pop
        local.get 2
        const "durable"
        call_virtual .internal.console println (L.internal.object;)V
        local.get 2
        new .internal.world
        call_virtual .internal.world getMyThread ()L.internal.thread;
        call_virtual .internal.console println (L.internal.object;)V
        return
    }
}
"#;

#[test]
fn a_restart_at_any_point_makes_no_difference() {
    let plain = World::new(PROGRAM).run(None);
    assert_eq!(
        plain,
        "point\nbootstrap\npoint and pointpoint5\ntyped\nunknown\nPoint\nElsewhere\npoint\nPoint\npoint\nargument\nbootstrap\ndurable\nthread\nworked\nworked\n"
    );
    for polls in [1, 2, 5] {
        assert_eq!(World::new(PROGRAM).run(Some(polls)), plain, "slices of {polls} polls");
    }
}

#[test]
fn chaos_makes_no_difference() {
    let plain = World::new(PROGRAM).run(None);
    for seed in 1..20 {
        let mut world = World::new(PROGRAM);
        world.vm().set_slice(20);
        world.vm().chaos(seed);
        assert_eq!(world.run(None), plain, "seed {seed}");
    }
}
