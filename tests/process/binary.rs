//! The program as a shell sees it: started with arguments, ended with an exit code, never left behind.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything here may take on a busy machine before it counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// How often a state is looked at while it is waited for.
pub(crate) const LOOK: Duration = Duration::from_millis(5);

/// The program in an empty folder, without the settings of whoever runs the tests.
pub(crate) fn portero(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portero"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PORTERO_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    // `doctor` tries the address; a test has no port of its own.
    command.env("PORTERO_LISTEN", "127.0.0.1:0");
    command
}

/// A command that has ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Asserts the exit code and that the words for the person at the terminal are there.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, words: &[&str]) -> &Ran {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "exit code; it said:\n{all}");
        for word in words {
            assert!(all.contains(word), "`{word}` is missing from:\n{all}");
        }
        self
    }

    /// The answer of a verb with `--json`.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// Runs the program to its end.
pub(crate) fn run<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Ran {
    let mut command = portero(folder);
    command.args(arguments);
    finish(command)
}

/// Runs a prepared command to its end.
pub(crate) fn finish(command: Command) -> Ran {
    let mut running = Running::start(command);
    let status = running.wait();
    let (out, err) = running.said();
    Ran {
        code: status.code().unwrap_or(-1),
        out,
        err,
    }
}

/// The program while it runs; it ends with this value.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Running {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("its output");
        let mut stderr = child.stderr.take().expect("its errors");
        let (tell, lines) = channel();
        let out = Arc::new(Mutex::new(String::new()));
        let err = Arc::new(Mutex::new(String::new()));
        let (kept_out, kept_err) = (Arc::clone(&out), Arc::clone(&err));
        let readers = vec![
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let mut kept = kept_out.lock().expect("output");
                    kept.push_str(&line);
                    kept.push('\n');
                    drop(kept);
                    // Nobody may be waiting for lines; they are kept all the same.
                    let _ = tell.send(line);
                }
            }),
            std::thread::spawn(move || {
                let mut some = [0_u8; 4096];
                while let Ok(n @ 1..) = stderr.read(&mut some) {
                    kept_err
                        .lock()
                        .expect("errors")
                        .push_str(&String::from_utf8_lossy(&some[..n]));
                }
            }),
        ];
        Running {
            child,
            lines,
            out,
            err,
            readers,
        }
    }

    /// The next line of its output, if it comes before the program ends.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line came:\n{}", self.errors()),
        }
    }

    /// The object that `--json` prints first.
    pub(crate) fn start_object(&mut self) -> Value {
        let Some(line) = self.next_line() else {
            let status = self.wait();
            panic!(
                "it ended with {status} instead of starting:\n{}",
                self.errors()
            );
        };
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not end:\n{}",
                self.errors()
            );
            std::thread::sleep(LOOK);
        }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of a child")
    }

    /// The polite signal.
    pub(crate) fn terminate(&self) {
        let told = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status();
        assert!(told.expect("sh runs").success());
    }

    /// `kill -9`, now; returns when it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        let status = self.child.wait().expect("its end");
        assert_eq!(
            status.signal(),
            Some(9),
            "it had ended by itself: {status}\n{}",
            self.errors()
        );
    }

    /// What it wrote to standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.err.lock().expect("errors").clone()
    }

    /// Everything it wrote; for a program that has ended.
    pub(crate) fn said(&mut self) -> (String, String) {
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader");
        }
        (self.out.lock().expect("output").clone(), self.errors())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that goes away.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
