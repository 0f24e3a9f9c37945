//! What lies on disks: the database's own files on either engine, backups and exports.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::binary::{Ran, finish, portero};

/// A file's name and what is in it; what is no text stands as a sign for that.
pub(super) type File = (String, String);

fn as_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where a server's database has its files, by an address of it: beside the socket.
fn of_the_server(url: &str) -> PathBuf {
    let (_, socket) = url.split_once("host=").expect("an address by socket");
    Path::new(socket).join("data")
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The files of the database: SQLite's and what lies beside it, or all that Postgres keeps, its log of writes included.
pub(super) fn of_the_database(data: &Path, server: Option<&str>) -> Vec<File> {
    let mut paths = Vec::new();
    match server {
        Some(url) => below(&of_the_server(url), &mut paths),
        None => below(data, &mut paths),
    }
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        server.is_some() || name.starts_with("portero.db")
    };
    paths
        .into_iter()
        .filter(ours)
        // A server takes files away as it likes.
        .filter_map(|path| {
            Some((
                path.display().to_string(),
                as_text(&std::fs::read(&path).ok()?),
            ))
        })
        .collect()
}

/// A backup of the host and an export of the shop, unpacked, with what was printed on the way.
pub(super) fn copies(
    folder: &Path,
    data: &Path,
    server: Option<&str>,
    key: &str,
) -> (Vec<File>, Vec<Ran>) {
    let place = match server {
        Some(url) => ["--database-url".to_owned(), url.to_owned()],
        None => ["--data".to_owned(), data.display().to_string()],
    };
    let verbs: [&[&str]; 2] = [
        &["backup", "all.backup"],
        &["tenant", "export", "tienda-sol", "--out", "sol.tenant"],
    ];
    let mut said = Vec::new();
    for verb in verbs {
        let mut command = portero(folder);
        command.args(verb).args(&place);
        command
            .env("PORTERO_MASTER_KEY", key)
            .env("PORTERO_LOG", super::LOG);
        let ran = finish(command);
        assert_eq!(ran.code, 0, "{verb:?}: {}{}", ran.out, ran.err);
        said.push(ran);
    }
    let unpacked = ["all.backup", "sol.tenant"].map(|name| {
        let file = std::fs::File::open(folder.join(name)).expect("it was written");
        let mut bytes = Vec::new();
        let read = GzDecoder::new(file).read_to_end(&mut bytes);
        read.expect("it unpacks");
        (name.to_owned(), as_text(&bytes))
    });
    (unpacked.into(), said)
}
