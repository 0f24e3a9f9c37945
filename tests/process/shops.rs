//! A running demo that the command line tests share: two shops, no scripted day.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::binary::{Ran, Running, finish, folder, portero};

/// The demo, started by the first test that needs it and ended with the last handle.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<OnceLock<Shops>>);

impl Shared {
    pub(crate) fn get(&self) -> &Shops {
        self.0.get_or_init(Shops::open)
    }
}

/// Two shops that stand.
pub(crate) struct Shops {
    pub(crate) start: Value,
    pub(crate) data: PathBuf,
    _running: std::sync::Mutex<Running>,
    folder: tempfile::TempDir,
}

impl Shops {
    fn open() -> Shops {
        let folder = folder();
        let data = folder.path().join("data");
        let mut command = portero(folder.path());
        command
            .args(["demo", "--idle", "--json", "--data"])
            .arg(&data);
        let mut running = Running::start(command);
        let start = running.start_object();
        Shops {
            start,
            data,
            _running: std::sync::Mutex::new(running),
            folder,
        }
    }

    /// A verb on the machine of the host.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = portero(self.folder.path());
        command.args(arguments).arg("--data").arg(&self.data);
        finish(command)
    }

    /// A verb on the machine of the host that reads what somebody types.
    pub(crate) fn typing(&self, typed: &str, arguments: &[&str]) -> Ran {
        let file = self.folder.path().join("typed");
        std::fs::write(&file, typed).expect("a file");
        let file = std::fs::File::open(file).expect("the file");
        let mut command = portero(self.folder.path());
        command.args(arguments).arg("--data").arg(&self.data);
        command.stdin(file);
        finish(command)
    }

    /// A verb from elsewhere, with a token.
    pub(crate) fn elsewhere(&self, token: &str, arguments: &[&str]) -> Ran {
        let mut command = portero(self.folder.path());
        let url = self.start["host_url"].as_str().expect("an address");
        command
            .args(arguments)
            .args(["--url", url, "--token", token]);
        finish(command)
    }

    pub(crate) fn tenant(&self, index: usize, field: &str) -> &str {
        self.start["tenants"][index][field]
            .as_str()
            .unwrap_or_else(|| panic!("{field}"))
    }
}
