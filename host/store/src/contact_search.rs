//! People by a part of their name, newest first.

use portero_domain::ids::ContactId;

use crate::contacts::{ContactRow, RawContact};
use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

statements! {
    /// Walks the tenant's people from the newest until there are enough.
    CONTACTS_LIKE = "select contact_id, name, language, country, created_at, erased_at from contacts
        where tenant_id = $1 and contact_id < $2 and contact_id >= $5 and erased_at is null
          and (cast($3 as text) is null or lower(name) like $3) order by contact_id desc limit $4";
    CONTACTS_FLOOR = "select contact_id from contacts
        where tenant_id = $1 and contact_id < $2 order by contact_id desc limit 1 offset $3";
}

/// A pattern that every spelling of the words fits: accents and case apart, wherever they stand in a name.
///
/// Letters that carry accents in our languages fit any letter; [`folded`] tells what really is the same.
fn pattern(words: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded(words).chars() {
        match c {
            'a' | 'e' | 'i' | 'o' | 'u' | 'n' | 'c' | '%' | '_' | '\\' => pattern.push('_'),
            other if other.is_ascii() => pattern.push(other),
            _ => pattern.push('_'),
        }
    }
    pattern.push('%');
    pattern
}

/// A text in small letters without accents, as far as Spanish and Portuguese have them.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

impl TenantTx<'_> {
    /// People, newest first, whose name may hold these words ([`folded`] says whether it does); everybody
    /// without words. Who was erased is left out, and who is older than `floor`.
    ///
    /// # Errors
    /// The database.
    pub async fn contacts_like(
        &mut self,
        words: Option<&str>,
        limit: usize,
        after: Option<ContactId>,
        floor: Option<ContactId>,
    ) -> Result<Vec<ContactRow>> {
        let floor = floor.map_or_else(String::new, |id| id.to_string());
        let args = args![
            self.tenant,
            before(after),
            words.map(pattern),
            db::limit(limit),
            floor
        ];
        let rows: Vec<RawContact> = self.tx.rows(CONTACTS_LIKE, args).await?;
        self.with_aliases(rows).await
    }

    /// The last of the next `n` people, newest first; nobody when there are fewer.
    ///
    /// # Errors
    /// The database.
    pub async fn contacts_floor(
        &mut self,
        after: Option<ContactId>,
        n: usize,
    ) -> Result<Option<ContactId>> {
        let skipped = i64::try_from(n.saturating_sub(1)).unwrap_or(i64::MAX);
        let args = args![self.tenant, before(after), skipped];
        let row: Option<(String,)> = self.tx.row(CONTACTS_FLOOR, args).await?;
        row.map(|(id,)| json::id("contact_id", &id)).transpose()
    }
}

/// Sorts after every contact that is older than `after`.
fn before(after: Option<ContactId>) -> String {
    after.map_or_else(|| format!("{}_g", ContactId::PREFIX), |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_do_not_hide_anybody() {
        assert_eq!(folded("JOSÉ Muñoz"), "jose munoz");
        assert_eq!(folded("Conceição"), "conceicao");
        assert_eq!(pattern("José"), "%j_s_%");
        assert_eq!(pattern("50%_"), "%50__%");
    }
}
