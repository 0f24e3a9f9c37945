//! The words of one's own account.

#[rustfmt::skip]
pub(super) const ROWS: super::Rows = &[
    ("me.title", ["Mi cuenta", "Minha conta", "My account"]),
    ("me.about", ["Tu contraseña y tus sesiones abiertas.", "Sua senha e suas sessões abertas.", "Your password and your open sessions."]),
    ("me.nobody", ["Entraste con un enlace o con una llave de programa: no hay contraseña que cambiar.", "Você entrou por um link ou com uma chave de programa: não há senha para mudar.", "You came in by a link or with a program's token: there is no password to change."]),
    ("me.password", ["Cambiar la contraseña", "Mudar a senha", "Change the password"]),
    ("me.changed", ["Contraseña desde", "Senha desde", "Password since"]),
    ("me.current", ["Contraseña de ahora", "Senha de agora", "Current password"]),
    ("me.new", ["Contraseña nueva (12 a 200 caracteres)", "Senha nova (12 a 200 caracteres)", "New password (12 to 200 characters)"]),
    ("me.again", ["La nueva, otra vez", "A nova, outra vez", "The new one again"]),
    ("me.change", ["Cambiarla", "Mudar", "Change it"]),
    ("me.password.what", ["Tus otras sesiones terminan en ese momento; esta sigue.", "Suas outras sessões terminam nesse momento; esta continua.", "Your other sessions end at once; this one goes on."]),
    ("me.did.password", ["La contraseña es otra. Tus otras sesiones terminaron.", "A senha é outra. Suas outras sessões terminaram.", "The password is another. Your other sessions ended."]),
    ("me.did.end", ["La sesión terminó.", "A sessão terminou.", "The session ended."]),
    ("me.wrong.current", ["No es la contraseña de ahora. No se cambió nada.", "Não é a senha de agora. Nada mudou.", "That is not the current password. Nothing was changed."]),
    ("me.wrong.wait", ["Demasiados intentos: el próximo cuenta en {n} s.", "Tentativas demais: a próxima conta em {n} s.", "Too many tries: the next counts in {n} s."]),
    ("me.wrong.new", ["Toma otra: de 12 a 200 caracteres, sin tu nombre y distinta de la de ahora.", "Escolha outra: de 12 a 200 caracteres, sem seu nome e diferente da de agora.", "Take another: 12 to 200 characters, without your name, and not the one you have."]),
    ("me.wrong.again", ["Las dos nuevas no son iguales.", "As duas novas não são iguais.", "The two new ones differ."]),
    ("me.sessions", ["Sesiones abiertas", "Sessões abertas", "Open sessions"]),
    ("me.began", ["Desde", "Desde", "Since"]),
    ("me.this", ["esta", "esta", "this one"]),
    ("me.end", ["Terminar", "Encerrar", "End it"]),
];
