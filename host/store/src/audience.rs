//! Whom a campaign could be for, in numbers: everybody, and everybody with a tag.

use crate::db;
use crate::error::Result;
use crate::tx::TenantTx;

statements! {
    AUDIENCE_ALL = "select count(*) from contacts where tenant_id = $1 and erased_at is null";
    AUDIENCE_TAGS = "select t.tag, count(*) from contacts c join contact_tags t on t.contact_id = c.contact_id
        where c.tenant_id = $1 and c.erased_at is null group by t.tag order by t.tag limit $2";
}

impl TenantTx<'_> {
    /// People the tenant knows, as an audience of everybody would hold now.
    ///
    /// # Errors
    /// The database.
    pub async fn audience_of_all(&mut self) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(AUDIENCE_ALL, args![self.tenant]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    /// Tags by name with the people that have them, at most `limit`.
    ///
    /// # Errors
    /// The database.
    pub async fn audience_of_tags(&mut self, limit: usize) -> Result<Vec<(String, u64)>> {
        let args = args![self.tenant, db::limit(limit)];
        let rows: Vec<(String, i64)> = self.tx.rows(AUDIENCE_TAGS, args).await?;
        let all = rows.into_iter();
        Ok(all.map(|(tag, n)| (tag, db::count(n))).collect())
    }
}
