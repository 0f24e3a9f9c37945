//! Words that the pages of managing share: acts and rights.

#[rustfmt::skip]
pub(super) const ROWS: super::Rows = &[
    ("page.more", ["Más", "Mais", "More"]),
    ("act.lacks", ["Tu papel no permite esto: hace falta {right}.", "Seu papel não permite isto: é preciso {right}.", "Your role does not allow this: it takes {right}."]),
    ("act.reason", ["Motivo (lo ve el equipo)", "Motivo (a equipe vê)", "Reason (the team sees it)"]),
    ("right.read", ["el derecho a mirar", "o direito de olhar", "the right to look"]),
    ("right.see_personal_data", ["el derecho a ver datos de personas", "o direito de ver dados de pessoas", "the right to see people's data"]),
    ("right.edit", ["el derecho a editar", "o direito de editar", "the right to edit"]),
    ("right.approve", ["el derecho a aprobar", "o direito de aprovar", "the right to approve"]),
    ("right.send", ["el derecho a enviar", "o direito de enviar", "the right to send"]),
    ("right.stop", ["el derecho a detener", "o direito de parar", "the right to stop"]),
    ("right.change_policy", ["el derecho a cambiar la política", "o direito de mudar a política", "the right to change the policy"]),
    ("right.install_plugin", ["el derecho a instalar plugins", "o direito de instalar plugins", "the right to install plugins"]),
    ("right.manage_access", ["el derecho a dar accesos", "o direito de dar acessos", "the right to give access"]),
    ("right.read_audit", ["el derecho a leer el registro", "o direito de ler o registro", "the right to read the log"]),
];
