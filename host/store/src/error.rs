//! What can go wrong between us and the database, one variant per failed step.

/// A statement, a transaction or a secret that did not work out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database URL is neither SQLite nor Postgres, or names no file.
    #[error("database URL {why}; use `sqlite:PATH` or `postgres://user@host/name`")]
    BadUrl {
        /// What is wrong with it (never the URL: it may hold a password).
        why: String,
    },
    /// The database could not be opened or reached.
    #[error("database not reachable: {why}")]
    Unavailable {
        /// The driver's words.
        why: String,
    },
    /// The schema could not be brought up to date.
    #[error("schema migration failed: {why}")]
    Migrate {
        /// The migrator's words.
        why: String,
    },
    /// The database was migrated by a newer version.
    #[error(
        "the schema is newer than this binary, which does not know migration {}: a newer schema needs a newer binary. Start the version that migrated it, or go back to the backup that was made before (host/docs/upgrade.md)", unknown.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    NewerSchema {
        /// Migrations that this binary does not know.
        unknown: Vec<i64>,
    },
    /// Another transaction got in the way; nothing was written, doing it again may help.
    #[error("another transaction got in the way of {statement}")]
    Conflict {
        /// Which statement.
        statement: &'static str,
    },
    /// A named constraint said no.
    #[error("{statement} violates a constraint: {constraint}")]
    Constraint {
        /// Which statement.
        statement: &'static str,
        /// The constraint, in the engine's words.
        constraint: String,
    },
    /// A statement failed for any other reason.
    #[error("{statement} failed: {why}")]
    Statement {
        /// Which statement.
        statement: &'static str,
        /// The engine's words.
        why: String,
    },
    /// Nothing here has that id for this tenant. Another tenant's row gives the same answer.
    #[error("no such {what}")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
    },
    /// The name is in use.
    #[error("{what} `{name}` is taken")]
    Taken {
        /// Kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A fixed limit is reached.
    #[error("no more than {max} {what}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many.
        max: u32,
    },
    /// A column holds what this version cannot read: an older binary, or a hand in the database.
    #[error("stored {what} does not read back: {why}")]
    Stored {
        /// Which column.
        what: &'static str,
        /// The parser's words.
        why: String,
    },
    /// A value could not be written as JSON.
    #[error("{what} cannot be written as JSON: {why}")]
    Json {
        /// Of what.
        what: &'static str,
        /// The serialiser's words.
        why: String,
    },
    /// A sealed secret does not open: another master key, or the bytes were changed.
    #[error("sealed {what} does not open; is this the master key the data was written with?")]
    Sealed {
        /// Which secret.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether the same transaction tried again may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Conflict { .. })
    }

    /// What to do next, for the one who reads it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            StoreError::BadUrl { .. } => {
                Some("set the database URL in portero.toml or with --database-url")
            }
            StoreError::Unavailable { .. } => {
                Some("check that the database runs, the path exists and this user may write to it")
            }
            StoreError::Migrate { .. } => Some(
                "run `portero migrate` with the newest binary; a newer schema needs a newer binary",
            ),
            StoreError::NewerSchema { .. } => Some(
                "a newer schema needs a newer binary: start the version that migrated it, or go back to the backup made before",
            ),
            StoreError::Sealed { .. } => {
                Some("start with the master key this data was written with")
            }
            _ => None,
        }
    }

    /// Values of rows may stand in a driver's detail, so only code and message are kept.
    pub(crate) fn sql(statement: &'static str, error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::Database(e) => {
                let code = e.code().map(|c| c.into_owned()).unwrap_or_default();
                match code.as_str() {
                    // Postgres: serialisation failure, deadlock, lock timeout. SQLite: busy, locked.
                    "40001" | "40P01" | "55P03" | "5" | "6" | "261" | "262" | "517" => {
                        StoreError::Conflict { statement }
                    }
                    "57P01" | "57P02" | "57P03" => StoreError::Unavailable {
                        why: e.message().to_owned(),
                    },
                    _ if e.is_unique_violation()
                        || e.is_foreign_key_violation()
                        || e.is_check_violation() =>
                    {
                        let constraint = e.constraint().unwrap_or_else(|| e.message()).to_owned();
                        StoreError::Constraint {
                            statement,
                            constraint,
                        }
                    }
                    _ => StoreError::Statement {
                        statement,
                        why: e.message().to_owned(),
                    },
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unavailable {
                why: error.to_string(),
            },
            other => StoreError::Statement {
                statement,
                why: other.to_string(),
            },
        }
    }
}

/// Result of everything here.
pub(crate) type Result<T> = std::result::Result<T, StoreError>;
