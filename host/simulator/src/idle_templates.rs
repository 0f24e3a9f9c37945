//! Templates nobody uses: archived after twelve months, deleted 28 days later (§3.1; case 46).

use portero_domain::clock::{Millis, Ts};
use serde_json::Map;

use crate::arena::Id;
use crate::fate::Due;
use crate::templates::Template;
use crate::world::World;

/// From the archive to the end.
const DELETED_AFTER: Millis = Millis::days(28);

impl World {
    /// Looks at the template again when it may have been idle long enough.
    pub(crate) fn watch_idle(&mut self, id: Id<Template>) {
        let days = i64::from(self.config.rules.archive_idle_days);
        if days > 0 {
            let when = self.templates[id].used_at + Millis::days(days);
            self.calendar.push(when, Due::Idle(id));
        }
    }

    /// Archives it, deletes it, or finds that it was used meanwhile.
    pub(crate) fn look_at_idle(&mut self, id: Id<Template>, at: Ts) {
        let days = i64::from(self.config.rules.archive_idle_days);
        let template = &self.templates[id];
        match template.status.as_str() {
            "ARCHIVED" => {
                let key = (
                    template.waba,
                    template.name.clone(),
                    template.language.clone(),
                );
                self.by_template.remove(&key);
                self.set_template_status(id, "DELETED", Map::new(), at);
            }
            "DELETED" | "DISABLED" => {}
            _ if at < template.used_at + Millis::days(days) => self.watch_idle(id),
            "APPROVED" => {
                self.set_template_status(id, "ARCHIVED", Map::new(), at);
                self.calendar.push(at + DELETED_AFTER, Due::Idle(id));
            }
            _ => {
                self.templates[id].used_at = at;
                self.watch_idle(id);
            }
        }
    }
}
