//! Whole tables out of a database and into another: every row, whatever the table.
//!
//! The statements are made from the schema, so none of them can be listed. What they may name comes
//! from the schema too, in quotes; values are bound.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Postgres, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use crate::db::{Arg, pg_args, sqlite_args};
use crate::error::{Result, StoreError};
use crate::tables::{Column, ColumnKind, Table};
use crate::tx::{Inner, SystemTx, Tx};

/// Values one statement may bind; SQLite takes 32,766 and Postgres 65,535.
const BOUND_MAX: usize = 30_000;
/// Rows one statement writes at most.
const ROWS_MAX: usize = 250;

const READ: &str = "read of a whole table";
const WRITE: &str = "write of a whole table";

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Cell {
    fn bound(self, kind: ColumnKind) -> Result<Arg> {
        match (kind, self) {
            (ColumnKind::Int, Cell::Null) => Ok(Arg::Int(None)),
            (ColumnKind::Text, Cell::Null) => Ok(Arg::Text(None)),
            (ColumnKind::Blob, Cell::Null) => Ok(Arg::Blob(None)),
            (ColumnKind::Int, Cell::Int(n)) => Ok(Arg::Int(Some(n))),
            (ColumnKind::Text, Cell::Text(text)) => Ok(Arg::Text(Some(text))),
            (ColumnKind::Blob, Cell::Blob(bytes)) => Ok(Arg::Blob(Some(bytes))),
            _ => Err(StoreError::Stored {
                what: "row",
                why: "a value is not of its column's kind".to_owned(),
            }),
        }
    }
}

/// Rows of whom.
#[derive(Clone, Debug, Default)]
pub struct RowFilter {
    /// Comes after `where`; binds `$1` alone.
    pub(crate) clause: Option<String>,
    /// What `$1` is.
    pub(crate) value: Option<String>,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn names(columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
    names.join(", ")
}

/// How many rows of a table one statement writes.
#[must_use]
pub fn rows_at_once(table: &Table) -> usize {
    (BOUND_MAX / table.columns.len().max(1)).clamp(1, ROWS_MAX)
}

fn insert(table: &Table, rows: usize) -> String {
    let mut text = format!(
        "insert into {} ({}) values ",
        quoted(&table.name),
        names(&table.columns)
    );
    let mut n = 0;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..table.columns.len() {
            n += 1;
            let _ = write!(text, "{}${n}", if column == 0 { "" } else { ", " });
        }
        text.push(')');
    }
    text
}

fn wrong(table: &Table, column: &Column, found: &str) -> StoreError {
    StoreError::Stored {
        what: "row",
        why: format!(
            "{}.{} holds {found} where {} belongs",
            table.name,
            column.name,
            column.kind.as_str()
        ),
    }
}

/// SQLite keeps what it is given whatever the column says: what is of another kind is not turned into it.
fn sqlite_cells(table: &Table, row: &SqliteRow) -> Result<Vec<Cell>> {
    let read = |e| StoreError::sql(READ, e);
    let mut cells = Vec::with_capacity(table.columns.len());
    for (n, column) in table.columns.iter().enumerate() {
        let raw = row.try_get_raw(n).map_err(read)?;
        if raw.is_null() {
            cells.push(Cell::Null);
            continue;
        }
        let found = raw.type_info().name().to_owned();
        cells.push(match (column.kind, found.as_str()) {
            (ColumnKind::Int, "INTEGER") => Cell::Int(row.try_get_unchecked(n).map_err(read)?),
            (ColumnKind::Text, "TEXT") => Cell::Text(row.try_get_unchecked(n).map_err(read)?),
            (ColumnKind::Blob, "BLOB") => Cell::Blob(row.try_get_unchecked(n).map_err(read)?),
            _ => return Err(wrong(table, column, &found)),
        });
    }
    Ok(cells)
}

fn postgres_cells(table: &Table, row: &PgRow) -> Result<Vec<Cell>> {
    let read = |e| StoreError::sql(READ, e);
    let mut cells = Vec::with_capacity(table.columns.len());
    for (n, column) in table.columns.iter().enumerate() {
        cells.push(match column.kind {
            ColumnKind::Int => row
                .try_get::<Option<i64>, _>(n)
                .map_err(read)?
                .map_or(Cell::Null, Cell::Int),
            ColumnKind::Text => row
                .try_get::<Option<String>, _>(n)
                .map_err(read)?
                .map_or(Cell::Null, Cell::Text),
            ColumnKind::Blob => row
                .try_get::<Option<Vec<u8>>, _>(n)
                .map_err(read)?
                .map_or(Cell::Null, Cell::Blob),
        });
    }
    Ok(cells)
}

impl SystemTx<'_> {
    /// Gives every row of a table, one after the other, to `each` until it breaks; says how many it
    /// gave. Memory does not grow with the table.
    ///
    /// # Errors
    /// The database, or a value that is not of its column's kind.
    pub async fn each_row(
        &mut self,
        table: &Table,
        filter: &RowFilter,
        mut each: impl FnMut(Vec<Cell>) -> ControlFlow<()>,
    ) -> Result<u64> {
        let text = format!(
            "select {} from {}{}",
            names(&table.columns),
            quoted(&table.name),
            filter
                .clause
                .as_deref()
                .map(|clause| format!(" where {clause}"))
                .unwrap_or_default()
        );
        let args: Vec<Arg> = filter.value.iter().map(|v| Arg::from(v.as_str())).collect();
        let bind = |e: sqlx::error::BoxDynError| StoreError::sql(READ, sqlx::Error::Encode(e));
        let failed = |e| StoreError::sql(READ, e);
        let mut n = 0;
        match &mut self.tx.inner {
            Inner::Sqlite(tx) => {
                let args = sqlite_args(args).map_err(bind)?;
                let mut rows =
                    sqlx::query_with::<Sqlite, _>(AssertSqlSafe(text), args).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    n += 1;
                    if each(sqlite_cells(table, &row)?).is_break() {
                        break;
                    }
                }
            }
            Inner::Writer(turn) => {
                let args = sqlite_args(args).map_err(bind)?;
                let mut rows =
                    sqlx::query_with::<Sqlite, _>(AssertSqlSafe(text), args).fetch(turn.conn()?);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    n += 1;
                    if each(sqlite_cells(table, &row)?).is_break() {
                        break;
                    }
                }
            }
            Inner::Postgres(tx) => {
                let args = pg_args(args).map_err(bind)?;
                let mut rows =
                    sqlx::query_with::<Postgres, _>(AssertSqlSafe(text), args).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    n += 1;
                    if each(postgres_cells(table, &row)?).is_break() {
                        break;
                    }
                }
            }
        }
        Ok(n)
    }

    /// Whether a table has no row.
    ///
    /// # Errors
    /// The database.
    pub async fn is_empty(&mut self, table: &Table) -> Result<bool> {
        let mut any = false;
        self.each_row(table, &RowFilter::default(), |_| {
            any = true;
            ControlFlow::Break(())
        })
        .await?;
        Ok(!any)
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// The database.
    pub async fn row_count(&mut self, table: &Table) -> Result<u64> {
        let text = format!("select count(*) from {}", quoted(&table.name));
        let failed = |e| StoreError::sql(READ, e);
        let (n,): (i64,) = match &mut self.tx.inner {
            Inner::Sqlite(tx) => sqlx::query_as(AssertSqlSafe(text))
                .fetch_one(&mut **tx)
                .await
                .map_err(failed)?,
            Inner::Writer(turn) => sqlx::query_as(AssertSqlSafe(text))
                .fetch_one(turn.conn()?)
                .await
                .map_err(failed)?,
            Inner::Postgres(tx) => sqlx::query_as(AssertSqlSafe(text))
                .fetch_one(&mut **tx)
                .await
                .map_err(failed)?,
        };
        Ok(crate::db::count(n))
    }

    /// Writes rows as they are; at most [`rows_at_once`] of them.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] for a row that is there already or names one that is not, or the
    /// database.
    pub async fn put_rows(&mut self, table: &Table, rows: Vec<Vec<Cell>>) -> Result<()> {
        let text = insert(table, rows.len());
        let mut args = Vec::with_capacity(rows.len() * table.columns.len());
        for row in rows {
            if row.len() != table.columns.len() {
                return Err(StoreError::Stored {
                    what: "row",
                    why: format!("{} has another number of columns", table.name),
                });
            }
            for (cell, column) in row.into_iter().zip(&table.columns) {
                args.push(cell.bound(column.kind)?);
            }
        }
        let failed = |e| match StoreError::sql(WRITE, e) {
            StoreError::Constraint { constraint, .. } => StoreError::Constraint {
                statement: WRITE,
                constraint: format!("{} ({constraint})", table.name),
            },
            other => other,
        };
        if args.is_empty() {
            return Ok(());
        }
        run(self.tx, text, args).await.map_err(failed)
    }

    /// SQLite looks at references when the transaction ends, not row by row: a backup made on
    /// Postgres, which lacks some of them, may come in another order. Nothing on Postgres.
    ///
    /// # Errors
    /// The database.
    pub async fn references_at_the_end(&mut self) -> Result<()> {
        if matches!(self.tx.inner, Inner::Postgres(_)) {
            return Ok(());
        }
        let text = "pragma defer_foreign_keys = on".to_owned();
        run(self.tx, text, Vec::new())
            .await
            .map_err(|e| StoreError::sql(WRITE, e))
    }
}

async fn run(tx: &mut Tx, text: String, args: Vec<Arg>) -> std::result::Result<(), sqlx::Error> {
    match &mut tx.inner {
        Inner::Sqlite(tx) => {
            let args = sqlite_args(args).map_err(sqlx::Error::Encode)?;
            sqlx::query_with::<Sqlite, _>(AssertSqlSafe(text), args)
                .execute(&mut **tx)
                .await
                .map(drop)
        }
        Inner::Writer(turn) => {
            let args = sqlite_args(args).map_err(sqlx::Error::Encode)?;
            let conn = turn.conn().map_err(|_| sqlx::Error::PoolClosed)?;
            sqlx::query_with::<Sqlite, _>(AssertSqlSafe(text), args)
                .execute(conn)
                .await
                .map(drop)
        }
        Inner::Postgres(tx) => {
            let args = pg_args(args).map_err(sqlx::Error::Encode)?;
            sqlx::query_with::<Postgres, _>(AssertSqlSafe(text), args)
                .execute(&mut **tx)
                .await
                .map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_values_are_bound() {
        let column = |name: &str| Column {
            name: name.to_owned(),
            kind: ColumnKind::Text,
        };
        let table = Table {
            name: "a\"b".to_owned(),
            columns: vec![column("x"), column("order")],
            references: Vec::new(),
        };
        assert_eq!(
            insert(&table, 2),
            "insert into \"a\"\"b\" (\"x\", \"order\") values ($1, $2), ($3, $4)"
        );
        assert_eq!(rows_at_once(&table), ROWS_MAX);
    }
}
