//! Titles and labels in three languages.

/// Metric, unit, titles in es, pt, en.
pub(crate) const METRICS: &[(&str, &str, [&str; 3])] = &[
    (
        "proposed",
        "messages",
        ["Propuestos", "Propostas", "Proposed"],
    ),
    (
        "denied",
        "messages",
        ["No permitidos", "Não permitidas", "Denied"],
    ),
    ("expired", "messages", ["Caducados", "Expiradas", "Expired"]),
    (
        "cancelled",
        "messages",
        ["Cancelados", "Canceladas", "Cancelled"],
    ),
    ("sent", "messages", ["Enviados", "Enviadas", "Sent"]),
    (
        "delivered",
        "messages",
        ["Entregados", "Entregues", "Delivered"],
    ),
    (
        "read",
        "messages",
        [
            "Leídos (como mínimo)",
            "Lidas (no mínimo)",
            "Read (at least)",
        ],
    ),
    ("failed", "messages", ["Fallidos", "Falharam", "Failed"]),
    (
        "replied",
        "messages",
        ["Con respuesta", "Com resposta", "Replied to"],
    ),
    (
        "inbound",
        "messages",
        ["Recibidos", "Recebidas", "Received"],
    ),
    ("opt_out", "people", ["Bajas", "Saídas", "Opt-outs"]),
    ("opt_in", "people", ["Altas", "Adesões", "Opt-ins"]),
    (
        "declined",
        "people",
        ["Dijeron que no", "Disseram não", "Said no"],
    ),
    (
        "denied.by",
        "messages",
        [
            "No permitidos, desglose",
            "Não permitidas, detalhe",
            "Denied, broken down",
        ],
    ),
    (
        "sent.by",
        "messages",
        [
            "Enviados, desglose",
            "Enviadas, detalhe",
            "Sent, broken down",
        ],
    ),
    (
        "delivered.by",
        "messages",
        [
            "Entregados, desglose",
            "Entregues, detalhe",
            "Delivered, broken down",
        ],
    ),
    (
        "read.by",
        "messages",
        [
            "Leídos (como mínimo), desglose",
            "Lidas (no mínimo), detalhe",
            "Read (at least), broken down",
        ],
    ),
    (
        "failed.by",
        "messages",
        [
            "Fallidos, desglose",
            "Falharam, detalhe",
            "Failed, broken down",
        ],
    ),
    (
        "replied.by",
        "messages",
        [
            "Con respuesta, desglose",
            "Com resposta, detalhe",
            "Replied to, broken down",
        ],
    ),
    (
        "opt_out.by",
        "people",
        [
            "Bajas, desglose",
            "Saídas, detalhe",
            "Opt-outs, broken down",
        ],
    ),
    (
        "failed.code",
        "messages",
        [
            "Fallidos por código de Meta",
            "Falhas por código da Meta",
            "Failed by Meta's code",
        ],
    ),
    (
        "denied.rule",
        "messages",
        [
            "No permitidos por regla",
            "Não permitidas por regra",
            "Denied by rule",
        ],
    ),
    (
        "opt_out.source",
        "people",
        ["Bajas por vía", "Saídas por via", "Opt-outs by way"],
    ),
    (
        "opt_out.opt_in",
        "people",
        [
            "Bajas por origen del alta",
            "Saídas por origem da adesão",
            "Opt-outs by source of the opt-in",
        ],
    ),
    (
        "opt_in.source",
        "people",
        [
            "Altas por origen",
            "Adesões por origem",
            "Opt-ins by source",
        ],
    ),
    (
        "priced",
        "messages",
        [
            "Entregados con tarifa conocida",
            "Entregues com tarifa conhecida",
            "Delivered at a known rate",
        ],
    ),
    (
        "unpriced",
        "messages",
        [
            "Entregados sin tarifa conocida",
            "Entregues sem tarifa conhecida",
            "Delivered at no known rate",
        ],
    ),
    (
        "cost",
        "micro",
        [
            "Costo (millonésimas)",
            "Custo (milionésimos)",
            "Cost (millionths)",
        ],
    ),
    (
        "quality",
        "changes",
        [
            "Calidad de números y plantillas",
            "Qualidade de números e modelos",
            "Quality of numbers and templates",
        ],
    ),
    (
        "counted",
        "events",
        [
            "Contado por los plugins",
            "Contado pelos plugins",
            "Counted by plugins",
        ],
    ),
];

/// Everything the cards say in one language.
pub(crate) struct Words {
    /// Place in `METRICS`' titles.
    at: usize,
    pub(crate) overview: &'static str,
    pub(crate) by: [&'static str; 7],
    pub(crate) sent: &'static str,
    pub(crate) delivered: &'static str,
    pub(crate) read: &'static str,
    pub(crate) replied: &'static str,
    pub(crate) out: &'static str,
    pub(crate) proxies: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) undelivered: &'static str,
    pub(crate) unreachable: &'static str,
    pub(crate) spam: &'static str,
    pub(crate) cost: &'static str,
    pub(crate) known: &'static str,
    pub(crate) unknown_rate: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) others: &'static str,
}

static ES: Words = Words {
    at: 0,
    overview: "Resumen",
    by: [
        "Por plantilla",
        "Por campaña",
        "Por segmento",
        "Por plugin",
        "Por tema",
        "Por finalidad",
        "Por origen del alta",
    ],
    sent: "enviados",
    delivered: "entregados",
    read: "leídos",
    replied: "respondidos",
    out: "bajas",
    proxies: "Indicios de bloqueo o denuncia (Meta no da la cifra)",
    stopped: "Pararon las ofertas en WhatsApp (indicio)",
    undelivered: "Retenidos por Meta, 131049 (indicio)",
    unreachable: "No entregables, 131026 (indicio)",
    spam: "Límite por denuncias, 131048 (indicio)",
    cost: "Costo",
    known: "Entregados con tarifa conocida",
    unknown_rate: "Entregados sin tarifa conocida",
    unknown: "desconocido",
    others: "Los demás",
};

static PT: Words = Words {
    at: 1,
    overview: "Resumo",
    by: [
        "Por modelo",
        "Por campanha",
        "Por segmento",
        "Por plugin",
        "Por tema",
        "Por finalidade",
        "Por origem da adesão",
    ],
    sent: "enviadas",
    delivered: "entregues",
    read: "lidas",
    replied: "respondidas",
    out: "saídas",
    proxies: "Indícios de bloqueio ou denúncia (a Meta não dá o número)",
    stopped: "Pararam as ofertas no WhatsApp (indício)",
    undelivered: "Retidas pela Meta, 131049 (indício)",
    unreachable: "Não entregáveis, 131026 (indício)",
    spam: "Limite por denúncias, 131048 (indício)",
    cost: "Custo",
    known: "Entregues com tarifa conhecida",
    unknown_rate: "Entregues sem tarifa conhecida",
    unknown: "desconhecido",
    others: "As demais",
};

static EN: Words = Words {
    at: 2,
    overview: "Overview",
    by: [
        "By template",
        "By campaign",
        "By segment",
        "By plugin",
        "By topic",
        "By purpose",
        "By source of the opt-in",
    ],
    sent: "sent",
    delivered: "delivered",
    read: "read",
    replied: "replied to",
    out: "opt-outs",
    proxies: "Signs of blocks or reports (Meta gives no figure)",
    stopped: "Stopped offers in WhatsApp (proxy)",
    undelivered: "Held back by Meta, 131049 (proxy)",
    unreachable: "Undeliverable, 131026 (proxy)",
    spam: "Limited for reports, 131048 (proxy)",
    cost: "Cost",
    known: "Delivered at a known rate",
    unknown_rate: "Delivered at no known rate",
    unknown: "unknown",
    others: "All others",
};

impl Words {
    /// Reads the first two letters of a tag; Spanish when it is none of the three.
    pub(crate) fn of(tag: &str) -> &'static Words {
        match tag.get(..2).unwrap_or_default() {
            "pt" => &PT,
            "en" => &EN,
            _ => &ES,
        }
    }

    /// The title of a metric.
    pub(crate) fn title(&self, metric: &str) -> &'static str {
        METRICS
            .iter()
            .find(|(id, _, _)| *id == metric)
            .and_then(|(_, _, titles)| titles.get(self.at))
            .copied()
            .unwrap_or_default()
    }
}
