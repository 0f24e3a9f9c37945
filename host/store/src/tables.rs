//! What tables there are, read from the schema itself: a table added later is known without a word here.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::known;
use crate::error::{Result, StoreError};
use crate::tx::SystemTx;

/// What a column holds; there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Bytes.
    Blob,
}

impl ColumnKind {
    /// Its word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ColumnKind::Int => "int",
            ColumnKind::Text => "text",
            ColumnKind::Blob => "blob",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ColumnKind> {
        [ColumnKind::Int, ColumnKind::Text, ColumnKind::Blob]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// As an engine names its types.
    fn declared(word: &str) -> Option<ColumnKind> {
        match word {
            "bigint" | "integer" => Some(ColumnKind::Int),
            "text" => Some(ColumnKind::Text),
            "blob" | "bytea" => Some(ColumnKind::Blob),
            _ => None,
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// A table, with the columns that are written (not those the engine computes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// In the schema's order.
    pub columns: Vec<Column>,
    /// Which of its columns name a row of which other table: (column, table, column there).
    pub references: Vec<(String, String, String)>,
}

impl Table {
    /// Whether it has a column of that name.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c.name == column)
    }
}

statements! {
    TABLE_COLUMNS = "select t.name, c.name, lower(c.type) from sqlite_schema t join pragma_table_xinfo(t.name) c
        where t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\' and t.name <> '_sqlx_migrations'
            and c.hidden = 0
        order by t.name, c.cid",
        postgres = "select cast(c.table_name as text), cast(c.column_name as text), cast(c.data_type as text)
        from information_schema.columns c
        join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
        where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' and c.is_generated = 'NEVER'
            and c.table_name <> '_sqlx_migrations'
        order by c.table_name, c.ordinal_position";
    TABLE_REFERENCES = "select t.name, f.\"from\", f.\"table\", f.\"to\"
        from sqlite_schema t join pragma_foreign_key_list(t.name) f
        where t.type = 'table' order by t.name, f.id, f.seq",
        postgres = "select cast(t.relname as text), cast(a.attname as text), cast(o.relname as text), cast(b.attname as text)
        from pg_constraint c
        join pg_class t on t.oid = c.conrelid
        join pg_class o on o.oid = c.confrelid
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[1]
        where c.contype = 'f' and t.relnamespace = cast(current_schema() as regnamespace)
        order by t.relname, c.conname";
    SCHEMA_VERSIONS = "select version from _sqlx_migrations where success order by version";
}

impl SystemTx<'_> {
    /// Every table with its columns, in an order in which rows may be written: what is named by
    /// others comes first.
    ///
    /// # Errors
    /// The database, or a column of a kind that no other of ours has.
    pub async fn tables(&mut self) -> Result<Vec<Table>> {
        let rows: Vec<(String, String, String)> = self.tx.rows(TABLE_COLUMNS, args![]).await?;
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for (table, name, declared) in rows {
            let kind = ColumnKind::declared(&declared).ok_or_else(|| StoreError::Stored {
                what: "schema",
                why: format!("{table}.{name} is {declared}: a backup holds bigint, text and bytes"),
            })?;
            let entry = tables.entry(table.clone()).or_insert_with(|| Table {
                name: table,
                columns: Vec::new(),
                references: Vec::new(),
            });
            entry.columns.push(Column { name, kind });
        }
        let rows: Vec<(String, String, String, String)> =
            self.tx.rows(TABLE_REFERENCES, args![]).await?;
        for (table, from, to, column) in rows {
            if let Some(table) = tables.get_mut(&table) {
                table.references.push((from, to, column));
            }
        }
        Ok(in_order(tables))
    }

    /// Versions of the migrations that made this schema, ascending.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when this binary does not know one of them, the database, also when it
    /// holds no schema of ours.
    pub async fn schema_versions(&mut self) -> Result<Vec<i64>> {
        let rows: Vec<(i64,)> = self.tx.rows(SCHEMA_VERSIONS, args![]).await?;
        let versions: Vec<i64> = rows.into_iter().map(|(version,)| version).collect();
        known(&versions)?;
        Ok(versions)
    }
}

/// What is referred to comes before what refers; by name where nothing else decides.
fn in_order(mut tables: BTreeMap<String, Table>) -> Vec<Table> {
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let free = tables.values().find(|table| {
            let others = table.references.iter().map(|(_, other, _)| other);
            others
                .filter(|other| **other != table.name)
                .all(|other| done.contains(other))
        });
        // Two tables that refer to each other: the first by name goes, its engine will say so.
        let next = free
            .or_else(|| tables.values().next())
            .map(|table| table.name.clone());
        let Some(table) = next.and_then(|name| tables.remove(&name)) else {
            break;
        };
        done.insert(table.name.clone());
        ordered.push(table);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, names: &[&str]) -> (String, Table) {
        let references = names
            .iter()
            .map(|other| ("x".to_owned(), (*other).to_owned(), "y".to_owned()))
            .collect();
        let table = Table {
            name: name.to_owned(),
            columns: Vec::new(),
            references,
        };
        (name.to_owned(), table)
    }

    #[test]
    fn what_is_referred_to_comes_first_and_a_circle_ends() {
        let tables = [
            table("a", &["c"]),
            table("b", &[]),
            table("c", &["b", "c"]),
            table("x", &["y"]),
            table("y", &["x"]),
        ];
        let order: Vec<String> = in_order(tables.into_iter().collect())
            .into_iter()
            .map(|t| t.name)
            .collect();
        assert_eq!(order, ["b", "c", "a", "x", "y"]);
    }
}
