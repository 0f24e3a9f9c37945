//! Leaves a secret in memory, and looks for one that somebody else left.

use std::hint::black_box;

/// Half of the mark; the whole is only ever written by [`leave`], so that a search does not find
/// the searcher's own constant.
const HALF: u64 = 0x5e_c2_e7_0f_7e_4a_47_a1;

/// Fills eight fresh mebibytes and what follows with the mark.
pub(crate) fn leave() {
    let mark = black_box(HALF) ^ u64::MAX;
    let hoard: Vec<u64> = vec![mark; 1 << 20];
    black_box(&hoard);
    std::mem::forget(hoard);
}

/// How many words of all memory, new pages included, hold the mark.
pub(crate) fn find() -> usize {
    grow();
    let mark = black_box(HALF) ^ u64::MAX;
    let words = words_of_memory();
    (1..words).filter(|&at| word_at(at) == mark).count()
}

#[cfg(target_family = "wasm")]
fn grow() {
    core::arch::wasm32::memory_grow::<0>(256);
}

#[cfg(target_family = "wasm")]
fn words_of_memory() -> usize {
    core::arch::wasm32::memory_size::<0>() * 65_536 / 8
}

#[cfg(target_family = "wasm")]
fn word_at(at: usize) -> u64 {
    // SAFETY: within the memory's size; whatever bytes lie there are a valid u64.
    unsafe { core::ptr::read_volatile((at * 8) as *const u64) }
}

#[cfg(not(target_family = "wasm"))]
fn grow() {}

#[cfg(not(target_family = "wasm"))]
fn words_of_memory() -> usize {
    0
}

#[cfg(not(target_family = "wasm"))]
fn word_at(_: usize) -> u64 {
    0
}
