//! The words of the first page.

pub(super) const ROWS: super::Rows = &[
    ("home.title", ["Inicio", "Início", "Home"]),
    (
        "home.about",
        [
            "Si se envía, cómo están los números y qué te espera",
            "Se há envio, como estão os números e o que espera por você",
            "Whether it sends, how the numbers are, what waits for you",
        ],
    ),
    ("home.sending", ["Envío", "Envio", "Sending"]),
    ("home.sends", ["Se envía", "Enviando", "Sending"]),
    (
        "home.in_flight",
        [
            "Mensajes en camino:",
            "Mensagens a caminho:",
            "Messages in flight:",
        ],
    ),
    ("home.stopped", ["Detenido:", "Parado:", "Stopped:"]),
    ("home.since", ["desde", "desde", "since"]),
    (
        "home.nothing_begins",
        [
            "Ningún envío comienza; los que están en camino llegan. Lo que está en cola espera.",
            "Nenhum envio começa; os que estão a caminho chegam. O que está na fila espera.",
            "Nothing begins any more; what is in flight arrives. What is queued waits.",
        ],
    ),
    ("home.as_of", ["Visto:", "Visto:", "Looked at:"]),
    ("home.scope", ["Qué detener", "O que parar", "What to stop"]),
    ("home.scope.shop", ["esta tienda", "esta loja", "this shop"]),
    ("home.scope.number", ["el número", "o número", "the number"]),
    (
        "home.scope.all",
        [
            "todo, de todas las tiendas",
            "tudo, de todas as lojas",
            "everything, of all shops",
        ],
    ),
    ("home.reason", ["Motivo", "Motivo", "Reason"]),
    (
        "home.stop",
        ["Detener los envíos", "Parar os envios", "Stop sending"],
    ),
    (
        "home.stop.what",
        [
            "En menos de dos segundos ningún envío comienza: ni respuestas, ni campañas, ni avisos. Nada se borra.",
            "Em menos de dois segundos nenhum envio começa: nem respostas, nem campanhas, nem avisos. Nada é apagado.",
            "Within two seconds nothing begins: no answers, no campaigns, no notices. Nothing is deleted.",
        ],
    ),
    ("home.resume", ["Reanudar", "Retomar", "Resume"]),
    (
        "home.said.stopped",
        [
            "Quedó detenido: ningún envío comienza.",
            "Ficou parado: nenhum envio começa.",
            "It is stopped: nothing begins any more.",
        ],
    ),
    (
        "home.said.resumed",
        [
            "Se quitó la parada: sigue lo que espera.",
            "A parada foi retirada: o que espera continua.",
            "The stop is lifted: what waits goes on.",
        ],
    ),
    (
        "home.said.no_reason",
        [
            "No se detuvo nada: falta el motivo.",
            "Nada foi parado: falta o motivo.",
            "Nothing was stopped: the reason is missing.",
        ],
    ),
    (
        "home.said.no_scope",
        [
            "No se cambió nada: eso no lo puedes detener ni reanudar.",
            "Nada mudou: isso você não pode parar nem retomar.",
            "Nothing was changed: you cannot stop or resume that.",
        ],
    ),
    (
        "home.needs",
        ["Te necesita", "Precisa de você", "Needs you"],
    ),
    (
        "home.needs.none",
        [
            "Nada espera por nadie.",
            "Nada espera por ninguém.",
            "Nothing waits for anybody.",
        ],
    ),
    (
        "home.need.conversations.waiting",
        [
            "Conversaciones sin respuesta",
            "Conversas sem resposta",
            "Conversations without an answer",
        ],
    ),
    (
        "home.need.template.paused",
        ["Plantilla pausada", "Modelo pausado", "Template paused"],
    ),
    (
        "home.need.template.rejected",
        [
            "Plantilla rechazada",
            "Modelo rejeitado",
            "Template rejected",
        ],
    ),
    (
        "home.need.template.disabled",
        [
            "Plantilla desactivada",
            "Modelo desativado",
            "Template switched off",
        ],
    ),
    (
        "home.need.campaign.planned",
        [
            "Campaña por aprobar",
            "Campanha por aprovar",
            "Campaign to approve",
        ],
    ),
    (
        "home.need.campaign.paused",
        ["Campaña en pausa", "Campanha em pausa", "Campaign paused"],
    ),
    (
        "home.need.plugin.breaker",
        [
            "Complemento en descanso por fallos seguidos",
            "Plugin em descanso por falhas seguidas",
            "Plugin resting after faults in a row",
        ],
    ),
    (
        "home.need.plugin.fault",
        [
            "Complemento detenido por un fallo",
            "Plugin parado por uma falha",
            "Plugin stopped by a fault",
        ],
    ),
    (
        "home.need.webhook.off",
        [
            "Destino de webhooks apagado",
            "Destino de webhooks desligado",
            "Webhook endpoint switched off",
        ],
    ),
    ("home.numbers", ["Números", "Números", "Numbers"]),
    (
        "home.numbers.none",
        [
            "Todavía no hay números conectados:",
            "Ainda não há números conectados:",
            "No number is connected yet:",
        ],
    ),
    ("home.quality", ["Calidad", "Qualidade", "Quality"]),
    (
        "home.quality.green",
        ["Verde: buena", "Verde: boa", "Green: good"],
    ),
    (
        "home.quality.yellow",
        ["Amarilla: media", "Amarela: média", "Yellow: medium"],
    ),
    (
        "home.quality.red",
        ["Roja: baja", "Vermelha: baixa", "Red: low"],
    ),
    (
        "home.quality.unknown",
        [
            "Meta no la ha dicho",
            "A Meta não informou",
            "Meta has not told it",
        ],
    ),
    (
        "home.week",
        [
            "Calidad de los últimos siete días",
            "Qualidade dos últimos sete dias",
            "Quality of the last seven days",
        ],
    ),
    (
        "home.limit",
        ["Límite de personas", "Limite de pessoas", "Limit of people"],
    ),
    (
        "home.limit.used",
        [
            "{used} de {limit} en 24 horas",
            "{used} de {limit} em 24 horas",
            "{used} of {limit} in 24 hours",
        ],
    ),
    ("home.limit.none", ["Sin límite", "Sem limite", "No limit"]),
    (
        "home.limit.unknown",
        [
            "Meta no lo ha dicho; se toma 250.",
            "A Meta não informou; vale 250.",
            "Meta has not told it; 250 is taken.",
        ],
    ),
    (
        "home.limit.frees",
        [
            "Lleno; se libera el",
            "Cheio; libera em",
            "Full; room again at",
        ],
    ),
    (
        "home.pace",
        ["Ritmo permitido", "Ritmo permitido", "Pace allowed"],
    ),
    (
        "home.per_second",
        [
            "mensajes por segundo",
            "mensagens por segundo",
            "messages a second",
        ],
    ),
    (
        "home.webhook",
        [
            "Último aviso de Meta",
            "Último aviso da Meta",
            "Last webhook",
        ],
    ),
    (
        "home.webhook.none",
        [
            "ninguno entre lo más reciente",
            "nenhum entre os mais recentes",
            "none among the newest events",
        ],
    ),
    (
        "home.webhook.late",
        [
            "Atraso: {seconds} s",
            "Atraso: {seconds} s",
            "Behind: {seconds} s",
        ],
    ),
    ("home.state.stopped", ["Detenido:", "Parado:", "Stopped:"]),
    (
        "home.state.restriction",
        [
            "Meta restringe la cuenta:",
            "A Meta restringe a conta:",
            "Meta restricts the account:",
        ],
    ),
    (
        "home.state.resting",
        [
            "La cuenta descansa:",
            "A conta descansa:",
            "The account rests:",
        ],
    ),
    ("home.state.until", ["hasta", "até", "until"]),
    (
        "home.state.review",
        [
            "Revisión de la cuenta:",
            "Revisão da conta:",
            "Review of the account:",
        ],
    ),
    (
        "home.state.name",
        ["Nombre visible:", "Nome visível:", "Display name:"],
    ),
    (
        "home.state.fine",
        [
            "Cuenta sin restricciones conocidas",
            "Conta sem restrições conhecidas",
            "No restriction of the account is known",
        ],
    ),
    ("home.today", ["Hoy", "Hoje", "Today"]),
    (
        "home.today.none",
        [
            "Hoy nadie propuso un mensaje todavía.",
            "Hoje ninguém propôs uma mensagem ainda.",
            "Nobody proposed a message today yet.",
        ],
    ),
    (
        "home.funnel",
        [
            "Mensajes propuestos hoy",
            "Mensagens propostas hoje",
            "Messages proposed today",
        ],
    ),
    (
        "home.step.proposed",
        ["Propuestos", "Propostas", "Proposed"],
    ),
    ("home.step.allowed", ["Permitidos", "Permitidas", "Allowed"]),
    ("home.step.sent", ["Enviados", "Enviadas", "Sent"]),
    (
        "home.step.delivered",
        ["Entregados", "Entregues", "Delivered"],
    ),
    ("home.step.read", ["Leídos", "Lidas", "Read"]),
    (
        "home.step.answered",
        [
            "Conversaciones con respuesta",
            "Conversas com resposta",
            "Conversations answered",
        ],
    ),
    (
        "home.funnel.note",
        [
            "Leídos es lo mínimo: cada persona puede ocultarlo.",
            "Lidas é o mínimo: cada pessoa pode ocultar.",
            "Read is the least: people can hide it.",
        ],
    ),
    (
        "home.beside",
        [
            "Al lado: lo que no salió, o no llegó",
            "Ao lado: o que não saiu, ou não chegou",
            "Beside it: what did not leave, or not arrive",
        ],
    ),
    (
        "home.beside.none",
        [
            "Todo lo propuesto siguió su camino.",
            "Tudo o que foi proposto seguiu.",
            "Everything proposed went its way.",
        ],
    ),
    (
        "home.beside.denied",
        [
            "Frenados: protección",
            "Barradas: proteção",
            "Refused: protection",
        ],
    ),
    ("home.beside.deferred", ["Aplazados", "Adiadas", "Put off"]),
    (
        "home.beside.in_review",
        ["En revisión", "Em revisão", "In review"],
    ),
    (
        "home.beside.withdrawn",
        [
            "Retirados o vencidos",
            "Retiradas ou vencidas",
            "Taken back or too late",
        ],
    ),
    (
        "home.beside.unknown",
        [
            "Sin saber si llegaron a Meta",
            "Sem saber se chegaram à Meta",
            "Not known whether Meta has them",
        ],
    ),
    ("home.beside.lost", ["Perdidos", "Perdidas", "Lost"]),
    (
        "home.reasons",
        [
            "Por qué, en veredictos",
            "Por quê, em vereditos",
            "Why, in verdicts",
        ],
    ),
    (
        "home.month",
        [
            "Costo estimado del mes",
            "Custo estimado do mês",
            "The month's estimated cost",
        ],
    ),
    (
        "home.month.none",
        [
            "Este mes no salió ningún mensaje todavía.",
            "Neste mês ainda não saiu nenhuma mensagem.",
            "No message left this month yet.",
        ],
    ),
    (
        "home.month.before",
        [
            "Sin categoría (antes de contarla)",
            "Sem categoria (antes de ser contada)",
            "Without category (before it was counted)",
        ],
    ),
    ("home.month.sum", ["En total", "No total", "In all"]),
    (
        "home.month.budget",
        ["Presupuesto:", "Orçamento:", "Budget:"],
    ),
    (
        "home.month.note",
        [
            "Según la tabla de precios que rige desde",
            "Segundo a tabela de preços que vale desde",
            "By the price table in force since",
        ],
    ),
    ("home.unknown", ["desconocido", "desconhecido", "unknown"]),
    (
        "home.unpriced",
        [
            "sin precio conocido:",
            "sem preço conhecido:",
            "without a known price:",
        ],
    ),
    ("home.messages", ["mensajes", "mensagens", "messages"]),
    (
        "home.cost.marketing",
        ["Marketing", "Marketing", "Marketing"],
    ),
    ("home.cost.utility", ["Utilidad", "Utilidade", "Utility"]),
    (
        "home.cost.authentication",
        ["Autenticación", "Autenticação", "Authentication"],
    ),
    (
        "home.cost.service",
        ["Respuestas libres", "Respostas livres", "Free-form replies"],
    ),
];
