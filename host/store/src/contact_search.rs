//! People by a part of their name, newest first.

use portero_domain::ids::ContactId;

use crate::contacts::ContactRow;
use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

statements! {
    /// Walks the tenant's people from the newest until there are enough.
    CONTACTS_LIKE = "select contact_id from contacts
        where tenant_id = $1 and contact_id < $2 and erased_at is null
          and (cast($3 as text) is null or lower(name) like $3) order by contact_id desc limit $4";
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
    /// without words. Who was erased is left out.
    ///
    /// # Errors
    /// The database.
    pub async fn contacts_like(
        &mut self,
        words: Option<&str>,
        limit: usize,
        after: Option<ContactId>,
    ) -> Result<Vec<ContactRow>> {
        let before = after.map_or_else(|| format!("{}_g", ContactId::PREFIX), |id| id.to_string());
        let args = args![self.tenant, before, words.map(pattern), db::limit(limit)];
        let ids: Vec<(String,)> = self.tx.rows(CONTACTS_LIKE, args).await?;
        let mut people = Vec::with_capacity(ids.len());
        for (id,) in ids {
            let id: ContactId = json::id("contact_id", &id)?;
            people.extend(self.contact(id).await?);
        }
        Ok(people)
    }
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
