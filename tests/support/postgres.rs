//! A Postgres server of the tests' own: in a temporary folder, on a unix socket, gone with the process.
//!
//! Standard library only, so that any package includes it with `#[path]`. Binaries are looked for in
//! `PORTERO_POSTGRES_BIN`, in `/usr/lib/postgresql/*/bin` (newest first) and on `PATH`. Without them
//! tests are skipped, loudly; with `PORTERO_REQUIRE_POSTGRES=1` that is a failure.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "packages include this as a module and use what they need"
)]
#![allow(
    clippy::print_stderr,
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests speak to whoever runs them and stop when their server does not start"
)]

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running server.
pub struct Postgres {
    guard: Child,
    bin: PathBuf,
    dir: PathBuf,
    user: Option<(u32, u32)>,
    databases: AtomicU32,
}

/// The folder with `initdb` and `postgres`, if there is one.
///
/// # Panics
/// When there is none and `PORTERO_REQUIRE_POSTGRES` is 1.
pub fn binaries() -> Option<PathBuf> {
    let complete = |dir: &Path| dir.join("initdb").is_file() && dir.join("postgres").is_file();
    let mut places: Vec<PathBuf> = std::env::var_os("PORTERO_POSTGRES_BIN")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
        .collect();
    versions.sort();
    places.extend(versions.into_iter().rev().map(|(_, path)| path));
    places.extend(
        std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths),
    );
    let found = places.into_iter().find(|dir| complete(dir));
    if found.is_none() {
        let why = "no Postgres binaries (initdb, postgres) found: set PORTERO_POSTGRES_BIN or install postgresql";
        assert!(!required(), "{why}");
        eprintln!("\n*** {why}. THE POSTGRES HALF OF THESE TESTS IS SKIPPED. ***\n");
    }
    found
}

fn required() -> bool {
    std::env::var("PORTERO_REQUIRE_POSTGRES").is_ok_and(|v| v == "1")
}

impl Postgres {
    /// Starts a server that need not survive a power cut; `None` when there are no binaries.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start() -> Option<Postgres> {
        let unsafe_but_fast = ["-c", "fsync=off", "-c", "full_page_writes=off"];
        Some(Postgres::launch(binaries()?, &unsafe_but_fast))
    }

    /// Starts a server with the settings of a real one, for measuring.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_durable() -> Option<Postgres> {
        Some(Postgres::launch(binaries()?, &[]))
    }

    fn launch(bin: PathBuf, extra: &[&str]) -> Postgres {
        static SERVERS: AtomicU32 = AtomicU32::new(0);
        let n = SERVERS.fetch_add(1, Ordering::Relaxed);
        // Short: a socket path has at most 107 bytes.
        let dir = std::env::temp_dir().join(format!("portero-pg-{}-{n}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("temporary folder for Postgres");
        // The server refuses to run as root.
        let user = unprivileged_user();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&dir, Some(uid), Some(gid))
                .expect("folder handed to the server's user");
        }
        let data = dir.join("data");
        let mut initdb = command(&bin.join("initdb"), user, &dir);
        initdb
            .args([
                "-U",
                "portero",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(&data);
        let output = initdb.output().expect("initdb starts");
        assert!(
            output.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        // The shell waits for its standard input to close, which happens however this process ends,
        // and takes server and folder down: neither is ever left behind.
        let script =
            r#""$@" & server=$!; read -r _; kill -QUIT $server; wait $server; cd /; rm -rf "$0""#;
        let mut guard = command(Path::new("/bin/sh"), user, &dir);
        guard
            .args(["-c", script])
            .arg(&dir)
            .arg(bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&dir)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "max_connections=200",
                "-c",
                "shared_buffers=64MB",
            ])
            .args(["-c", "logging_collector=off"])
            .args(extra)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut guard = guard.spawn().expect("postgres starts");
        wait_until_ready(&mut guard);
        Postgres {
            guard,
            bin,
            dir,
            user,
            databases: AtomicU32::new(0),
        }
    }

    /// URL of a fresh, empty database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn database(&self) -> String {
        let name = format!("portero_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut createdb = command(&self.bin.join("createdb"), self.user, &self.dir);
        createdb
            .arg("-h")
            .arg(&self.dir)
            .args(["-U", "portero", &name]);
        let output = createdb.output().expect("createdb starts");
        assert!(
            output.status.success(),
            "createdb failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        format!(
            "postgres://portero@localhost/{name}?host={}",
            self.dir.display()
        )
    }
}

impl Postgres {
    /// Processor time the server and its connections have taken, in seconds; 0 where the kernel does not tell.
    pub fn processor_seconds(&self) -> f64 {
        let guard = self.guard.id();
        let all: Vec<(u32, u32, f64)> = std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let pid = entry.file_name().to_str()?.parse().ok()?;
                let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
                // The name in brackets may hold spaces. Then: state, parent, and at 12 to 15 its own time
                // and that of children that are gone, in hundredths of a second.
                let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
                let ticks = fields.get(11..15)?.iter();
                let ticks: u32 = ticks.filter_map(|t| t.parse::<u32>().ok()).sum();
                Some((pid, fields.get(1)?.parse().ok()?, f64::from(ticks) / 100.0))
            })
            .collect();
        let of = |parents: &[u32]| -> Vec<&(u32, u32, f64)> {
            all.iter().filter(|p| parents.contains(&p.1)).collect()
        };
        let servers: Vec<u32> = of(&[guard]).iter().map(|p| p.0).collect();
        let both = of(&[guard]).into_iter().chain(of(&servers));
        both.map(|p| p.2).sum()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn command(program: &Path, user: Option<(u32, u32)>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("LC_ALL", "C")
        .env_remove("PGHOST")
        .env_remove("PGPORT")
        .current_dir(dir);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Reads the server's log until it says that it is ready, and goes on reading it afterwards.
fn wait_until_ready(guard: &mut Child) {
    let log = guard.stderr.take().expect("the server's log");
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            // Nobody listens any more once it was ready.
            let _ = tell.send(line);
        }
    });
    let mut said = String::new();
    loop {
        match told.recv_timeout(PATIENCE) {
            Ok(line) if line.contains("ready to accept connections") => return,
            Ok(line) => {
                said.push_str(&line);
                said.push('\n');
                assert!(!line.contains("FATAL"), "postgres does not start:\n{said}");
            }
            Err(_) => panic!("postgres does not start:\n{said}"),
        }
    }
}

/// User and group to run the server as, when this process is root.
fn unprivileged_user() -> Option<(u32, u32)> {
    let me = Command::new("id").arg("-u").output().expect("id runs");
    if String::from_utf8_lossy(&me.stdout).trim() != "0" {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let found = ["postgres", "nobody"].iter().find_map(|name| {
        let line = passwd.lines().find(|l| l.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(found.expect("a user `postgres` or `nobody` to run the server as"))
}
