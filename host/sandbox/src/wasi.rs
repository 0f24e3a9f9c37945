//! The part of WASI 0.2 a guest gets, linked interface by interface.
//!
//! `wasi:io`, clocks that stand still, seeded randomness, and `wasi:cli` with closed stdin, no
//! environment and no arguments; stdout becomes log lines at info, stderr at warn. The
//! compatibility linker adds `wasi:filesystem` with nothing in it. `wasi:sockets` is in neither.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use portero_domain::clock::Ts;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, io, random};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::fault::Stop;
use crate::guest_state::GuestState;
use crate::log_sink::{LogLevel, LogSink};

/// Step of the virtual monotonic clock per reading: a guest that spins on a deadline gets there.
const MONOTONIC_STEP_NS: u64 = 1_000_000;
/// Most a guest may write to a stream at once, in bytes.
const STREAM_PERMIT: usize = 4_096;

/// Adds what every plugin may import.
pub(crate) fn add_strict(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    type S = GuestState;
    let table: fn(&mut S) -> &mut ResourceTable = |state| state.ctx().table;
    io::error::add_to_linker::<S, HasTable>(linker, table)?;
    io::poll::add_to_linker::<S, HasTable>(linker, table)?;
    io::streams::add_to_linker::<S, HasTable>(linker, table)?;
    clocks::wall_clock::add_to_linker::<S, WasiClocks>(linker, S::clocks)?;
    clocks::monotonic_clock::add_to_linker::<S, WasiClocks>(linker, S::clocks)?;
    random::random::add_to_linker::<S, HasRandom>(linker, |state| &mut state.random)?;
    random::insecure::add_to_linker::<S, HasRandom>(linker, |state| &mut state.random)?;
    random::insecure_seed::add_to_linker::<S, HasRandom>(linker, |state| &mut state.random)?;
    cli::exit::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::environment::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stdin::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stdout::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stderr::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_input::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_output::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stdin::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stdout::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stderr::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    Ok(())
}

/// Adds a filesystem without a single directory, for language runtimes that insist on the import.
pub(crate) fn add_empty_filesystem(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    type S = GuestState;
    filesystem::types::add_to_linker::<S, WasiFilesystem>(linker, S::filesystem)?;
    filesystem::preopens::add_to_linker::<S, WasiFilesystem>(linker, S::filesystem)?;
    Ok(())
}

/// The context of one call.
pub(crate) fn context(now: Ts, console: &Arc<Mutex<Console>>) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder
        .wall_clock(FrozenClock(now))
        .monotonic_clock(SteppingClock(AtomicU64::new(0)))
        .stdout(ConsoleStream::new(console, LogLevel::Info))
        .stderr(ConsoleStream::new(console, LogLevel::Warn));
    builder.build()
}

struct HasTable;
impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

struct FrozenClock(Ts);
impl HostWallClock for FrozenClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }
    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.ms()).unwrap_or(0))
    }
}

struct SteppingClock(AtomicU64);
impl HostMonotonicClock for SteppingClock {
    fn resolution(&self) -> u64 {
        MONOTONIC_STEP_NS
    }
    fn now(&self) -> u64 {
        self.0.fetch_add(MONOTONIC_STEP_NS, Ordering::Relaxed)
    }
}

/// Randomness of one call, all of it from the event's seed: repeatable, so unfit for secrets.
pub(crate) struct SeededRandom {
    rng: ChaCha20Rng,
    insecure_seed: (u64, u64),
    max_bytes: u64,
}

impl SeededRandom {
    pub(crate) fn new(seed: [u8; 32], max_bytes: u64) -> SeededRandom {
        let mut apart = ChaCha20Rng::from_seed(seed);
        // A stream of its own, so that hash maps do not shift what the guest draws.
        apart.set_stream(1);
        let insecure_seed = (apart.next_u64(), apart.next_u64());
        SeededRandom {
            rng: ChaCha20Rng::from_seed(seed),
            insecure_seed,
            max_bytes,
        }
    }

    fn fill(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        let size = usize::try_from(len)
            .ok()
            .filter(|_| len <= self.max_bytes)
            .ok_or(Stop::HostLimit("random-bytes"))?;
        let mut out = vec![0; size];
        self.rng.fill_bytes(&mut out);
        Ok(out)
    }
}

struct HasRandom;
impl HasData for HasRandom {
    type Data<'a> = &'a mut SeededRandom;
}

impl random::random::Host for SeededRandom {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.fill(len)
    }
    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.rng.next_u64())
    }
}

impl random::insecure::Host for SeededRandom {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.fill(len)
    }
    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.rng.next_u64())
    }
}

impl random::insecure_seed::Host for SeededRandom {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok(self.insecure_seed)
    }
}

/// Where log lines, stdout and stderr of one call meet.
pub(crate) struct Console {
    pub(crate) sink: LogSink,
    partial: [Vec<u8>; 2],
    writes_left: u32,
}

impl Console {
    /// `max_writes` bounds writes to stdout and stderr together.
    pub(crate) fn new(sink: LogSink, max_writes: u32) -> Console {
        Console {
            sink,
            partial: [Vec::new(), Vec::new()],
            writes_left: max_writes,
        }
    }

    fn write(&mut self, level: LogLevel, bytes: &[u8]) -> Result<(), Stop> {
        self.writes_left = self
            .writes_left
            .checked_sub(1)
            .ok_or(Stop::HostLimit("host-calls"))?;
        let keep = self.sink.max_line_bytes();
        let [out, err] = &mut self.partial;
        let partial = if level == LogLevel::Info { out } else { err };
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            // One byte more than is kept, so that the sink still sees that it must cut.
            let room = keep.saturating_add(1).saturating_sub(partial.len());
            partial.extend_from_slice(text.get(..room.min(text.len())).unwrap_or(text));
            if ends {
                self.sink.push(level, &String::from_utf8_lossy(partial));
                partial.clear();
            }
        }
        Ok(())
    }

    /// Turns unfinished lines into lines; to be called when the guest is gone.
    pub(crate) fn finish(&mut self) {
        for (partial, level) in self
            .partial
            .iter_mut()
            .zip([LogLevel::Info, LogLevel::Warn])
        {
            if !partial.is_empty() {
                self.sink.push(level, &String::from_utf8_lossy(partial));
                partial.clear();
            }
        }
    }
}

#[derive(Clone)]
struct ConsoleStream {
    console: Arc<Mutex<Console>>,
    level: LogLevel,
}

impl ConsoleStream {
    fn new(console: &Arc<Mutex<Console>>, level: LogLevel) -> ConsoleStream {
        ConsoleStream {
            console: Arc::clone(console),
            level,
        }
    }

    fn put(&self, bytes: &[u8]) -> Result<(), Stop> {
        self.console
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(self.level, bytes)
    }
}

impl IsTerminal for ConsoleStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for ConsoleStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for ConsoleStream {
    async fn ready(&mut self) {}
}

impl OutputStream for ConsoleStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes)
            .map_err(|stop| StreamError::Trap(stop.into()))
    }
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(STREAM_PERMIT)
    }
}

impl AsyncWrite for ConsoleStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let put = self.put(bytes).map(|()| bytes.len());
        Poll::Ready(put.map_err(std::io::Error::other))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console() -> Console {
        Console::new(LogSink::new(10, 100, 8), 3)
    }

    #[test]
    fn writes_become_lines_whatever_their_pieces() {
        let mut console = console();
        console.write(LogLevel::Info, b"one\ntw").unwrap();
        console.write(LogLevel::Warn, b"oops").unwrap();
        console.write(LogLevel::Info, b"o\n").unwrap();
        console.finish();
        let (lines, dropped) = console.sink.take();
        let texts: Vec<&str> = lines.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["one", "two", "oops"]);
        assert_eq!(dropped, 0);
    }

    #[test]
    fn a_line_without_end_holds_no_more_than_a_line() {
        let mut console = console();
        console.write(LogLevel::Info, &[b'x'; 4_096]).unwrap();
        assert!(console.partial.iter().all(|p| p.len() <= 9));
        console.finish();
        let (lines, _) = console.sink.take();
        assert_eq!(lines.first().unwrap().1.len(), 8);
    }

    #[test]
    fn the_write_after_the_last_allowed_stops_the_guest() {
        let mut console = console();
        for _ in 0..3 {
            console.write(LogLevel::Info, b"x").unwrap();
        }
        assert_eq!(
            console.write(LogLevel::Info, b"x"),
            Err(Stop::HostLimit("host-calls"))
        );
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_does_not() {
        let draw = |seed: u8| SeededRandom::new([seed; 32], 64).fill(16).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(SeededRandom::new([1; 32], 64).fill(64).is_ok());
        assert!(SeededRandom::new([1; 32], 64).fill(65).is_err());
    }
}
