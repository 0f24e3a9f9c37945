//! What generated bindings call at run time: as much of wit-bindgen's `rt` as synchronous worlds need.
//!
//! Taken from wit-bindgen 0.61.1 (`crates/guest-rust/src/rt/mod.rs`,
//! <https://github.com/bytecodealliance/wit-bindgen>), copyright the wit-bindgen developers, licensed
//! Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT; used here under MIT OR Apache-2.0.
//! `cabi_realloc` is not in it: the C library of `wasm32-wasip2` brings it.

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use std::alloc;

/// Called by generated code; does nothing where the C library exports `cabi_realloc`.
pub fn maybe_link_cabi_realloc() {}

/// Runs static constructors, the first time an export is called.
pub fn run_ctors_once() {
    static mut RUN: bool = false;
    // SAFETY: a component has one thread; `wasm-ld` makes `__wasm_call_ctors`, and whoever names it
    // has taken on to call it.
    unsafe {
        if !RUN {
            unsafe extern "C" {
                fn __wasm_call_ctors();
            }
            __wasm_call_ctors();
            RUN = true;
        }
    }
}

/// Frees a block that was lent to the host.
pub struct Cleanup {
    ptr: NonNull<u8>,
    layout: Layout,
}

impl Cleanup {
    /// A block and what frees it; null and nothing for an empty layout.
    pub fn new(layout: Layout) -> (*mut u8, Option<Cleanup>) {
        if layout.size() == 0 {
            return (ptr::null_mut(), None);
        }
        // SAFETY: the layout is not empty.
        let ptr = unsafe { alloc::alloc(layout) };
        let Some(ptr) = NonNull::new(ptr) else {
            alloc::handle_alloc_error(layout)
        };
        (ptr.as_ptr(), Some(Cleanup { ptr, layout }))
    }

    /// Leaves the block to somebody else.
    pub fn forget(self) {
        core::mem::forget(self);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout, freed once.
        unsafe { alloc::dealloc(self.ptr.as_ptr(), self.layout) }
    }
}
