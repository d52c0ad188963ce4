// Classes that every case may use.
module prelude

// A constructor that sets a field, a method to override, a private method, calls up and down.
class Base super .internal.object flags public {
    field n I flags public
    field shared I flags public static
    method <init> ()V flags public constructor {
        local.get 0
        call_special .internal.object <init> ()V
        local.get 0
        i32.const8 7
        put_field Base n I
        return
    }
    method <init> (I)V flags public constructor {
        local.get 0
        call_special .internal.object <init> ()V
        local.get 0
        local.get 1
        put_field Base n I
        return
    }
    method who ()I flags public ordinal 20 {
        i32.const8 1
        return
    }
    method askWho ()I flags public {
        local.get 0
        call_virtual Base who ()I
        return
    }
    method askSecret ()I flags public {
        local.get 0
        call_special Base secret ()I
        return
    }
    method secret ()I flags private {
        i32.const8 10
        return
    }
    method fixed ()I flags public final {
        i32.const8 5
        return
    }
    method scale (I)I flags public {
        local.get 0
        get_field Base n I
        local.get 1
        i32.mul
        return
    }
}
class Derived super Base flags public {
    method <init> ()V flags public constructor {
        local.get 0
        i32.const8 8
        call_special Base <init> (I)V
        return
    }
    method who ()I flags public ordinal 20 {
        i32.const8 2
        return
    }
    method superWho ()I flags public {
        local.get 0
        call_special Base who ()I
        return
    }
    method secret ()I flags private {
        i32.const8 20
        return
    }
}
class Third super Derived flags public {
    method <init> ()V flags public constructor {
        local.get 0
        call_special Derived <init> ()V
        return
    }
}

// Interfaces: an abstract method, a default one, a static one; a default overridden by a more specific interface.
class Shape super .internal.object flags public interface abstract {
    method area ()I flags public abstract
    method twice ()I flags public {
        local.get 0
        call_interface Shape area ()I
        i32.const8 2
        i32.mul
        return
    }
    method corners ()I flags public static {
        i32.const8 4
        return
    }
}
class NiceShape super .internal.object implements Shape flags public interface abstract {
    method twice ()I flags public {
        i32.const8 99
        return
    }
}
class Square super .internal.object implements Shape flags public {
    method area ()I flags public {
        i32.const8 9
        return
    }
}
class Cube super Square flags public {
    method area ()I flags public {
        i32.const8 54
        return
    }
    method twice ()I flags public {
        i32.const16 1000
        return
    }
}
class NiceSquare super Square implements NiceShape flags public {
}
class Blob super .internal.object implements Shape flags public {
}
class Sketch super .internal.object flags public abstract {
    method <init> (I)V flags public constructor {
        return
    }
    method draw ()I flags public abstract
}
class BadSketch super Sketch flags public {
}

// Parameters and results of every kind, for calls by name, ordinal and function object.
class Kinds super .internal.object flags public {
    method int (I)I flags public ordinal 16 {
        local.get 1
        i32.const8 1
        i32.add
        return
    }
    method long (J)J flags public ordinal 17 {
        local.get 1
        i64.const8 1
        i64.add
        return
    }
    method float (F)F flags public ordinal 18 {
        local.get 1
        f32.const 0.5
        f32.add
        return
    }
    method double (D)D flags public ordinal 19 {
        local.get 1
        f64.const 0.5
        f64.add
        return
    }
    method same (L.internal.object;)L.internal.object; flags public ordinal 20 {
        local.get 1
        return
    }
    method nothing ()V flags public ordinal 21 {
        return
    }
    method mixed (IJFDL.internal.object;)D flags public ordinal 22 {
        local.get 1
        f64.convert_i32_s
        local.get 2
        f64.convert_i64_s
        f64.add
        local.get 3
        f64.promote_f32
        f64.add
        local.get 4
        f64.add
        return
    }
    method one (I)I flags public {
        i32.const8 1
        return
    }
    method one (II)I flags public {
        i32.const8 2
        return
    }
    method add (II)I flags public static {
        local.get 0
        local.get 1
        i32.add
        return
    }
    method sum (IJFD)D flags public static {
        local.get 0
        f64.convert_i32_s
        local.get 1
        f64.convert_i64_s
        f64.add
        local.get 2
        f64.promote_f32
        f64.add
        local.get 3
        f64.add
        return
    }
    method fail ()V flags public {
        call_static Thrower fail ()V
        return
    }
}

// Fields of every storage kind.
class Fields super .internal.object flags public {
    field z Z flags public
    field b B flags public
    field c C flags public
    field s S flags public
    field i I flags public
    field j J flags public
    field f F flags public
    field d D flags public
    field r L.internal.object; flags public
    field b2 B flags public
    field vb B flags public volatile
    field vi I flags public volatile
    field vj J flags public volatile
    field vd D flags public volatile
    field vr L.internal.object; flags public volatile
    field sz Z flags public static
    field sb B flags public static
    field sc C flags public static
    field ss S flags public static
    field si I flags public static
    field sj J flags public static
    field sf F flags public static
    field sd D flags public static
    field sr L.internal.object; flags public static
    field svj J flags public static volatile
    field five I flags public static final value i32 5
    field long J flags public static final value i64 -6
    field half F flags public static final value f32 0.5
    field tenth D flags public static final value f64 0.1
    field text L.internal.string; flags public static final value str "first"
}
class MoreFields super Fields flags public {
    field i I flags public
    field more L.internal.object; flags public
}

// Class initialisers: one that counts, one that uses itself, one that fails.
class Init super .internal.object flags public {
    field a I flags public static
    field runs I flags public static
    method <clinit> ()V flags static {
        i32.const8 41
        put_static Init a I
        get_static Init runs I
        i32.const8 1
        i32.add
        put_static Init runs I
        get_static Init a I
        i32.const8 1
        i32.add
        put_static Init a I
        return
    }
    method get ()I flags public static {
        get_static Init a I
        return
    }
}
class InitParent super .internal.object flags public {
    field order I flags public static
    method <clinit> ()V flags static {
        get_static InitParent order I
        i32.const8 10
        i32.mul
        i32.const8 1
        i32.add
        put_static InitParent order I
        return
    }
}
class InitChild super InitParent flags public {
    field own I flags public static
    method <clinit> ()V flags static {
        get_static InitParent order I
        i32.const8 10
        i32.mul
        i32.const8 2
        i32.add
        put_static InitParent order I
        return
    }
}
class InitFails super .internal.object flags public {
    field a I flags public static
    method <clinit> ()V flags static {
        call_static Thrower fail ()V
        return
    }
}

// Exceptions.
class Oops super .internal.exception flags public {
    field code I flags public
}
class BigOops super Oops flags public {
}
class Thrower super .internal.object flags public {
    field log J flags public static
    method fail ()V flags public static {
        new Oops
        throw
    }
    method failWith (I)V flags public static {
        new Oops
        local.set 1
        local.get 1
        local.get 0
        put_field Oops code I
        local.get 1
        throw
    }
    // Through so many frames.
    method deep (I)V flags public static {
        local.get 0
        br_ifz bottom
        local.get 0
        i32.const8 1
        i32.sub
        call_static Thrower deep (I)V
        return
    bottom:
        call_static Thrower fail ()V
        return
    }
    // Without end.
    method forever (I)I flags public static {
        local.get 0
        i32.const8 1
        i32.add
        call_static Thrower forever (I)I
        return
    }
    // Each frame notes that it is left.
    method note (I)V flags public static {
    start:
        local.get 0
        br_ifz bottom
        local.get 0
        i32.const8 1
        i32.sub
        call_static Thrower note (I)V
        return
    bottom:
        call_static Thrower fail ()V
        return
    end:
        get_static Thrower log J
        i64.const8 10
        i64.mul
        local.get 0
        i64.extend_i32_s
        i64.add
        put_static Thrower log J
        throw
        handler start end end
    }
}

// Synchronized methods.
class Locked super .internal.object flags public {
    method unlock ()I flags public synchronized {
        local.get 0
        monitor_exit
        i32.const8 1
        return
    }
    method nested ()I flags public synchronized {
        local.get 0
        monitor_enter
        local.get 0
        monitor_exit
        i32.const8 3
        return
    }
    method fail ()V flags public synchronized {
        call_static Thrower fail ()V
        return
    }
    method statically ()I flags public static synchronized {
        const class Locked
        monitor_exit
        const class Locked
        monitor_enter
        i32.const8 4
        return
    }
}

// A binary of 64 bytes, 0 to 63; another of so many zero bytes.
class Memory super .internal.object flags public {
    method counted ()L.internal.binary; flags public static {
        const binary x"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
        local.set 0
        new .internal.binary
        local.set 1
        local.get 1
        i64.const8 64
        mem.grow
        pop
        local.get 1
        i32.const8 0
        local.get 0
        i32.const8 0
        i32.const8 64
        mem.copy a32
        local.get 1
        return
    }
    method zeroed (J)L.internal.binary; flags public static {
        new .internal.binary
        local.set 1
        local.get 1
        local.get 0
        mem.grow
        pop
        local.get 1
        return
    }
}
