//! What libc would give: the entry, memory routines, an allocator, three system calls.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicUsize, Ordering};

global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and rsp, -16",
    "call {main}",
    "ud2",
    // rdi destination, rsi source, rdx count; the direction flag is clear on entry (System V ABI 3.2.1).
    ".globl memcpy",
    "memcpy:",
    "mov rax, rdi",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    ".globl memmove",
    "memmove:",
    "mov rax, rdi",
    "mov rcx, rdx",
    "mov r8, rdi",
    "sub r8, rsi",
    "cmp r8, rdx",
    "jb 1f",
    "rep movsb",
    "ret",
    "1:",
    "lea rdi, [rdi + rdx - 1]",
    "lea rsi, [rsi + rdx - 1]",
    "std",
    "rep movsb",
    "cld",
    "ret",
    ".globl memset",
    "memset:",
    "mov r8, rdi",
    "mov eax, esi",
    "mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "ret",
    ".globl memcmp",
    "memcmp:",
    ".globl bcmp",
    "bcmp:",
    "xor eax, eax",
    "xor ecx, ecx",
    "2:",
    "cmp rcx, rdx",
    "je 3f",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx r8d, byte ptr [rsi + rcx]",
    "inc rcx",
    "sub eax, r8d",
    "je 2b",
    "3:",
    "ret",
    ".globl strlen",
    "strlen:",
    "xor eax, eax",
    "4:",
    "cmp byte ptr [rdi + rax], 0",
    "je 5f",
    "inc rax",
    "jmp 4b",
    "5:",
    "ret",
    main = sym crate::main,
);

/// The precompiled core library names these; without unwinding they are never called.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    exit(101)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = core::fmt::Write::write_fmt(&mut Stderr, format_args!("{info}\n"));
    exit(101)
}

/// Formats to standard error.
pub struct Stderr;

impl core::fmt::Write for Stderr {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        write(2, text.as_bytes());
        Ok(())
    }
}

/// System call `number` of Linux on x86-64 with six arguments.
///
/// # Safety
/// The call must be one whose effects the program can bear.
unsafe fn system_call(number: usize, a: [usize; 6]) -> isize {
    let result;
    // SAFETY: the registers are those of the kernel's calling convention; rcx and r11 are clobbered by it.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result, in("rdi") a[0], in("rsi") a[1], in("rdx") a[2],
            in("r10") a[3], in("r8") a[4], in("r9") a[5], lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// Writes to a descriptor.
pub fn write(descriptor: usize, bytes: &[u8]) {
    // SAFETY: `write` reads the bytes of the slice.
    unsafe { system_call(1, [descriptor, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0]) };
}

/// Ends the process.
pub fn exit(status: usize) -> ! {
    // SAFETY: `exit_group` ends the process.
    unsafe { system_call(231, [status, 0, 0, 0, 0, 0]) };
    loop {}
}

/// Reserves zeroed memory that costs nothing until it is touched; its address.
pub fn reserve(bytes: usize) -> usize {
    const PROT_READ_WRITE: usize = 3;
    const MAP_PRIVATE_ANONYMOUS_NORESERVE: usize = 0x4022;
    // SAFETY: a new private mapping at an address of the kernel's choice.
    let addr = unsafe {
        system_call(9, [0, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, usize::MAX, 0])
    };
    assert!(addr > 0, "mmap failed: {addr}");
    addr as usize
}

/// Hands out memory and never takes it back.
struct Bump(AtomicUsize);

/// Memory for the allocator, reserved at the first use.
const ARENA_BYTES: usize = 4 << 30;

// SAFETY: the counter only grows, so no two blocks overlap; the arena is mapped for the life of the process.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.0.load(Ordering::Relaxed) == 0 {
            self.0.store(reserve(ARENA_BYTES), Ordering::Relaxed);
        }
        let size = layout.size() + layout.align();
        let start = self.0.fetch_add(size, Ordering::Relaxed);
        start.next_multiple_of(layout.align()) as *mut u8
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump(AtomicUsize::new(0));
