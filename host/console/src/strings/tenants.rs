//! The words of the operator's grid.

#[rustfmt::skip]
pub(super) const ROWS: super::Rows = &[
    ("tenants.title", ["Tiendas", "Lojas", "Shops"]),
    ("tenants.about", ["Todas las tiendas de este servidor, primero la que más necesita a alguien.", "Todas as lojas deste servidor, primeiro a que mais precisa de alguém.", "Every shop of this server, the one that needs somebody most first."]),
    ("tenants.sends", ["Envíos", "Envios", "Sending"]),
    ("tenants.stopped", ["Detenidos", "Parados", "Stopped"]),
    ("tenants.running", ["Abiertos", "Abertos", "Open"]),
    ("tenants.quality", ["Números", "Números", "Numbers"]),
    ("tenants.rated.restricted", ["Restringido por Meta", "Restrito pela Meta", "Restricted by Meta"]),
    ("tenants.rated.red", ["En rojo", "Em vermelho", "Rated red"]),
    ("tenants.rated.yellow", ["En amarillo", "Em amarelo", "Rated yellow"]),
    ("tenants.rated.no_number", ["Sin número", "Sem número", "No number"]),
    ("tenants.rated.fine", ["Bien", "Bem", "Fine"]),
    ("tenants.waiting", ["Esperan a una persona", "Esperam uma pessoa", "Wait for a person"]),
    ("tenants.refused", ["Frenado (últimos 50)", "Barrado (últimos 50)", "Refused (newest 50)"]),
    ("tenants.lag", ["Retraso de webhooks", "Atraso de webhooks", "Webhook lag"]),
    ("tenants.deaf", ["{n} no llegan", "{n} não chegam", "{n} do not arrive"]),
    ("tenants.differ", ["En qué difieren dos políticas", "Em que duas políticas diferem", "How two policies differ"]),
    ("tenants.one", ["Una tienda", "Uma loja", "One shop"]),
    ("tenants.other", ["Otra tienda", "Outra loja", "Another shop"]),
    ("tenants.compare", ["Comparar", "Comparar", "Compare"]),
    ("tenants.same", ["No difieren en nada.", "Não diferem em nada.", "They do not differ."]),
];
