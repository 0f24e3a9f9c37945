//! The words of a page that a role may not open.

#[rustfmt::skip]
pub(super) const ROWS: super::Rows = &[
    ("denied.title", ["Tu rol no alcanza para esto", "Sua função não permite isto", "Your role may not do this"]),
    ("denied.what", ["Falta {right}. Tu rol: {role}. No se cambió nada.", "Falta {right}. Sua função: {role}. Nada mudou.", "Missing: {right}. Your role: {role}. Nothing was changed."]),
    ("denied.have", ["Lo tienen estos roles: {roles}.", "Têm esse direito estas funções: {roles}.", "These roles have it: {roles}."]),
    ("denied.ask", ["Pide a alguien con uno de esos roles que lo haga, o a quien da los accesos ({roles}) que te dé otro rol.", "Peça a alguém com uma dessas funções que faça isso, ou a quem dá os acessos ({roles}) que lhe dê outra função.", "Ask somebody with one of those roles to do it, or whoever gives access ({roles}) for another role."]),
];
