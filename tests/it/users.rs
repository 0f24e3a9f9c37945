//! People with passwords: made, logged in, made to wait, changed, removed.

use portero_domain::clock::Millis;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{self, Env};
use crate::roles::read;

pub(crate) const TESTS: &[harness::Test] = &[
    harness::test!(users::a_person_logs_in_and_goes_on_to_the_page_asked_for),
    harness::test!(users::a_login_leads_nowhere_else_and_comes_from_nowhere_else),
    harness::test!(users::guesses_wait_and_nobody_is_locked_out),
    harness::test!(users::a_name_that_is_not_there_answers_like_a_wrong_password),
    harness::test!(users::a_new_password_and_a_removal_end_every_session),
    harness::test!(users::an_owner_keeps_the_users_of_the_own_tenant_alone),
    harness::test!(users::access_is_given_and_taken_on_a_page),
];

/// Of the people whom [`user`] makes.
pub(crate) const PASSWORD: &str = "correcto-caballo-pila";

/// An answer of the pages.
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) cookies: Vec<String>,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Shown {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Shown {
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        let text = |v: &reqwest::header::HeaderValue| v.to_str().unwrap().to_owned();
        Shown {
            status: answer.status().as_u16(),
            location: headers.get("location").map(text).unwrap_or_default(),
            cookies: headers.get_all("set-cookie").iter().map(text).collect(),
            headers,
            body: answer.text().await.unwrap(),
        }
    }

    /// `name=value` of a cookie that was set.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let set = self
            .cookies
            .iter()
            .find(|c| c.starts_with(&format!("{name}=")));
        let set = set.unwrap_or_else(|| panic!("no {name}: {:?}", self.cookies));
        set.split(';').next().unwrap().to_owned()
    }
}

/// A form as browsers send it.
fn form(request: reqwest::RequestBuilder, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let mut address = reqwest::Url::parse("http://form").unwrap();
    address.query_pairs_mut().extend_pairs(fields);
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(address.query().unwrap_or_default().to_owned())
}

/// What a browser sends from an address, through a proxy on this machine.
pub(crate) struct Browser {
    pub(crate) address: String,
    pub(crate) cookies: String,
}

impl Browser {
    pub(crate) fn at(address: &str) -> Browser {
        Browser {
            address: address.to_owned(),
            cookies: String::new(),
        }
    }

    pub(crate) fn with(&self, cookies: &str) -> Browser {
        Browser {
            address: self.address.clone(),
            cookies: cookies.to_owned(),
        }
    }

    fn request(&self, env: &Env, method: Method, path: &str) -> reqwest::RequestBuilder {
        env.http
            .request(method, format!("{}{path}", env.stage.host.url))
            .header("accept", "text/html,application/xhtml+xml")
            .header("x-forwarded-for", &self.address)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &self.cookies)
    }

    pub(crate) async fn get(&self, env: &Env, path: &str) -> Shown {
        Shown::of(self.request(env, Method::GET, path)).await
    }

    pub(crate) async fn post(&self, env: &Env, path: &str, fields: &[(&str, &str)]) -> Shown {
        Shown::of(form(self.request(env, Method::POST, path), fields)).await
    }

    pub(crate) async fn log_in(&self, env: &Env, name: &str, password: &str) -> Shown {
        let fields = [("name", name), ("password", password), ("lang", "en")];
        self.post(env, "/login", &fields).await
    }
}

pub(crate) async fn user(env: &Env, name: &str, role: &str, tenant: Option<&str>) -> Value {
    let body = json!({ "name": name, "role": role, "tenant": tenant, "password": PASSWORD });
    env.world.operator.post("/v1/users", body).await.unwrap()
}

/// The token of a session of theirs.
pub(crate) async fn session(env: &Env, name: &str) -> String {
    let entered = Browser::at("192.0.2.99").log_in(env, name, PASSWORD).await;
    let cookie = entered.cookie("portero_session");
    let (_, token) = cookie.split_once('=').expect("a cookie");
    token.to_owned()
}

pub(crate) async fn a_person_logs_in_and_goes_on_to_the_page_asked_for(env: Env) {
    let sol = env.sol().shop.slug;
    let made = user(&env, "Rosa@Sol.example", "operator", Some(sol)).await;
    assert_eq!(
        (made["name"].as_str(), made["password"].as_str()),
        (Some("rosa@sol.example"), None)
    );
    let browser = Browser::at("192.0.2.1");
    let wanted = "/inbox?lang=en&state=needs_you";
    let sent = browser.get(&env, wanted).await;
    assert_eq!(sent.status, 303);
    assert_eq!(
        sent.location,
        "/login?next=/inbox%3Flang%3Den%26state%3Dneeds_you"
    );
    for (lang, words) in [("es", "Contraseña"), ("pt", "Senha"), ("en", "Password")] {
        let page = browser
            .get(&env, &format!("{}&lang={lang}", sent.location))
            .await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(words), "{}", page.body);
        assert!(
            page.body
                .contains("value=\"/inbox?lang=en&#38;state=needs_you\""),
            "{}",
            page.body
        );
        assert!(
            page.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("form-action 'self'")
        );
        assert_eq!(page.headers["cache-control"], "no-store");
    }
    // What the page needs to look like one comes without a session too.
    for asset in ["phone.css", "inbox.css", "access.css", "icon.svg"] {
        assert_eq!(
            browser
                .get(&env, &format!("/console/assets/{asset}"))
                .await
                .status,
            200
        );
    }
    let fields = [
        ("name", " ROSA@sol.example"),
        ("password", PASSWORD),
        ("next", wanted),
    ];
    let entered = browser.post(&env, "/login", &fields).await;
    assert_eq!(
        (entered.status, entered.location.as_str()),
        (303, wanted),
        "{}",
        entered.body
    );
    for cookie in &entered.cookies {
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        assert!(!cookie.contains("Secure"), "{cookie}");
    }
    let session = browser.with(&entered.cookie("portero_session"));
    let page = session.get(&env, wanted).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("action=\"/logout\""));
    // Another tenant's conversations are as far away as for a token of this one.
    let other = session
        .get(&env, &format!("/inbox?shop={}", env.lua().shop.slug))
        .await;
    assert_eq!(other.status, 404);
    // Who is in is not asked again.
    assert_eq!(session.get(&env, "/login").await.location, "/home");
    let listed = env.world.operator.get("/v1/users").await.unwrap();
    assert!(listed["items"][0]["last_login_at"].is_string(), "{listed}");
    assert!(!listed.to_string().contains("argon2"), "{listed}");
    let left = session.post(&env, "/logout", &[]).await;
    assert_eq!((left.status, left.location.as_str()), (303, "/login"));
    assert!(left.cookies[0].contains("Max-Age=0"), "{:?}", left.cookies);
    assert_eq!(
        session.get(&env, "/inbox").await.status,
        303,
        "the session lives on"
    );
    env.end().await;
}

pub(crate) async fn a_login_leads_nowhere_else_and_comes_from_nowhere_else(env: Env) {
    user(&env, "luna", "viewer", None).await;
    let browser = Browser::at("192.0.2.1");
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/login",
    ] {
        let fields = [("name", "luna"), ("password", PASSWORD), ("next", next)];
        let entered = browser.post(&env, "/login", &fields).await;
        // A viewer sees no person: nor does the first page.
        assert_eq!(
            (entered.status, entered.location.as_str()),
            (303, "/home"),
            "{next}"
        );
    }
    // Behind TLS the cookies are for TLS alone; a stranger's word for it does not count.
    let fields = [("name", "luna"), ("password", PASSWORD)];
    let request = browser
        .request(&env, Method::POST, "/login")
        .header("x-forwarded-proto", "https");
    let entered = Shown::of(form(request, &fields)).await;
    assert_eq!(entered.cookies.len(), 2);
    assert!(
        entered.cookies.iter().all(|c| c.ends_with("; Secure")),
        "{:?}",
        entered.cookies
    );
    let session = entered.cookie("portero_session");
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "http://elsewhere.example"),
    ] {
        for path in ["/login", "/logout"] {
            let forged = env
                .http
                .post(format!("{}{path}", env.stage.host.url))
                .header("cookie", &session)
                .header(header, value);
            assert_eq!(
                read(form(forged, &fields)).await.code,
                "cross_site",
                "{path} {header}: {value}"
            );
        }
    }
    assert_eq!(
        browser.with(&session).get(&env, "/figures").await.status,
        200
    );
    // A script is told, not sent somewhere; a form that was sent is not gone on to.
    let request = env
        .http
        .get(format!("{}/console/events", env.stage.host.url));
    assert_eq!(read(request).await.status, 401);
    let sent = browser
        .post(&env, "/console/inbox/x/y/answer", &[("text", "hola")])
        .await;
    assert_eq!((sent.status, sent.location.as_str()), (303, "/login"));
    env.end().await;
}

pub(crate) async fn guesses_wait_and_nobody_is_locked_out(env: Env) {
    user(&env, "rosa", "owner", None).await;
    let home = Browser::at("192.0.2.1");
    let known = home.log_in(&env, "rosa", PASSWORD).await;
    assert_eq!(known.status, 303);
    let stranger = Browser::at("198.51.100.1");
    for n in 0..5 {
        let answer = stranger
            .log_in(&env, "rosa", &format!("wrong password {n}"))
            .await;
        assert_eq!(answer.status, 401, "try {n}");
        assert!(
            answer
                .body
                .contains("The name or the password is not right."),
            "{}",
            answer.body
        );
    }
    // The right one is not looked at either, and asking again makes the wait no longer.
    for _ in 0..3 {
        let answer = stranger.log_in(&env, "rosa", PASSWORD).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.headers["retry-after"], "30");
        assert!(
            answer.body.contains("Try again in 30 seconds"),
            "{}",
            answer.body
        );
    }
    let elsewhere = Browser::at("203.0.113.9");
    assert_eq!(elsewhere.log_in(&env, "rosa", PASSWORD).await.status, 303);
    env.jump(Millis(29_999)).await;
    assert_eq!(
        stranger
            .log_in(&env, "rosa", "wrong again, and again")
            .await
            .status,
        429
    );
    env.jump(Millis(1)).await;
    assert_eq!(
        stranger
            .log_in(&env, "rosa", "wrong again, and again")
            .await
            .status,
        401
    );
    assert_eq!(
        stranger.log_in(&env, "rosa", PASSWORD).await.headers["retry-after"],
        "60"
    );
    // Many addresses guess one name: it waits for half a minute, from everywhere but a known browser.
    for n in 0..20 {
        let one_of_many = Browser::at(&format!("203.0.113.{}", 100 + n));
        one_of_many
            .log_in(&env, "rosa", "wrong, from everywhere")
            .await;
    }
    let fresh = Browser::at("192.0.2.77");
    assert_eq!(
        fresh.log_in(&env, "rosa", PASSWORD).await.headers["retry-after"],
        "30"
    );
    let device = known.cookie("portero_device");
    let at_home = home.with(&device);
    assert_eq!(
        at_home.log_in(&env, "rosa", PASSWORD).await.status,
        303,
        "the owner is locked out"
    );
    // Who has that cookie guesses ten times, then is a stranger.
    for _ in 0..10 {
        assert_eq!(
            at_home
                .log_in(&env, "rosa", "wrong, with the cookie")
                .await
                .status,
            401
        );
    }
    assert_eq!(at_home.log_in(&env, "rosa", PASSWORD).await.status, 429);
    env.jump(Millis::secs(30)).await;
    assert_eq!(fresh.log_in(&env, "rosa", PASSWORD).await.status, 303);
    env.end().await;
}

pub(crate) async fn a_name_that_is_not_there_answers_like_a_wrong_password(env: Env) {
    user(&env, "rosa", "owner", None).await;
    let mut answers = Vec::new();
    for (address, name) in [("192.0.2.1", "rosa"), ("192.0.2.2", "nada")] {
        let browser = Browser::at(address);
        let mut of_name = Vec::new();
        for _ in 0..6 {
            let answer = browser.log_in(&env, name, "whatever it may be").await;
            let wait = answer.headers.get("retry-after").cloned();
            of_name.push((
                answer.status,
                wait,
                answer.cookies,
                answer.body.replace(name, "…"),
            ));
        }
        answers.push(of_name);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(
        answers[0].iter().map(|a| a.0).collect::<Vec<_>>(),
        [401, 401, 401, 401, 401, 429]
    );
    // What nobody types is no reason to fail either.
    let browser = Browser::at("192.0.2.3");
    let long = "x".repeat(5_000);
    for (name, password) in [("", ""), ("rosa\0", "x"), (long.as_str(), long.as_str())] {
        assert_eq!(
            browser.log_in(&env, name, password).await.status,
            401,
            "{name:.9}"
        );
    }
    env.end().await;
}

pub(crate) async fn a_new_password_and_a_removal_end_every_session(env: Env) {
    let operator = &env.world.operator;
    let made = json!({ "name": "ana", "role": "owner", "tenant": env.sol().shop.slug });
    let made = operator.post("/v1/users", made).await.unwrap();
    let password = made["password"].as_str().expect("one was made").to_owned();
    let browser = Browser::at("192.0.2.1");
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let entered = browser.log_in(&env, "ana", &password).await;
        sessions.push(browser.with(&entered.cookie("portero_session")));
    }
    // Another role counts at once.
    operator
        .put("/v1/users/ana/role", json!({ "role": "viewer" }))
        .await
        .unwrap();
    assert_eq!(sessions[0].get(&env, "/consents").await.status, 403);
    assert_eq!(sessions[0].get(&env, "/figures").await.status, 200);
    let changed = operator
        .put("/v1/users/ana/password", json!({}))
        .await
        .unwrap();
    let changed = changed["password"]
        .as_str()
        .expect("another was made")
        .to_owned();
    assert_ne!(changed, password);
    for session in &sessions {
        assert_eq!(
            session.get(&env, "/figures").await.status,
            303,
            "a session lives on"
        );
    }
    assert_eq!(browser.log_in(&env, "ana", &password).await.status, 401);
    let entered = browser.log_in(&env, "ana", &changed).await;
    let session = browser.with(&entered.cookie("portero_session"));
    let id = made["id"].as_str().unwrap();
    operator
        .send(Method::DELETE, &format!("/v1/users/{id}"), None)
        .await
        .unwrap();
    assert_eq!(
        session.get(&env, "/figures").await.status,
        303,
        "a session lives on"
    );
    assert_eq!(browser.log_in(&env, "ana", &changed).await.status, 401);
    let refused = operator
        .send(Method::DELETE, "/v1/users/ana", None)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("no user"), "{refused}");
    for (body, says) in [
        (
            json!({ "name": "ana", "role": "viewer", "password": "too short" }),
            "12 to 200",
        ),
        (
            json!({ "name": "anastasia", "role": "viewer", "password": "anastasia-1234" }),
            "guessed first",
        ),
        (
            json!({ "name": "ana maria", "role": "viewer" }),
            "plain name",
        ),
        (json!({ "name": "ana", "role": "boss" }), "is no role"),
    ] {
        let refused = operator.post("/v1/users", body).await.unwrap_err();
        assert!(refused.to_string().contains(says), "{refused}");
    }
    env.end().await;
}

pub(crate) async fn an_owner_keeps_the_users_of_the_own_tenant_alone(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    let body = json!({ "name": "rosa", "role": "operator" });
    let made = sol.api.post("/v1/users", body).await.unwrap();
    assert_eq!(made["tenant"], sol.id.as_str());
    user(&env, "jefa", "owner", None).await;
    let listed = sol.api.get("/v1/users").await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(lua.api.get("/v1/users").await.unwrap()["items"], json!([]));
    // Neither another tenant's nor the server's own users answer, by name or id.
    let id = made["id"].as_str().unwrap();
    for (api, who) in [
        (&lua.api, "rosa"),
        (&lua.api, id),
        (&sol.api, "jefa"),
        (&lua.api, "nobody"),
    ] {
        let path = format!("/v1/users/{who}");
        for refused in [
            api.put(&format!("{path}/role"), json!({ "role": "owner" }))
                .await
                .unwrap_err(),
            api.put(&format!("{path}/password"), json!({}))
                .await
                .unwrap_err(),
            api.send(Method::DELETE, &path, None).await.unwrap_err(),
        ] {
            assert!(refused.to_string().contains("no user"), "{who}: {refused}");
        }
    }
    let body = json!({ "name": "otra", "role": "owner", "tenant": sol.shop.slug });
    let refused = lua.api.post("/v1/users", body).await.unwrap_err();
    assert!(refused.to_string().contains("no tenant"), "{refused}");
    let body = json!({ "name": "rosa", "role": "owner" });
    let refused = lua.api.post("/v1/users", body).await.unwrap_err();
    assert!(refused.to_string().contains("take another"), "{refused}");
    env.end().await;
}

/// What a page shows once.
fn secret(page: &Shown) -> String {
    let (_, rest) = page.body.split_once("id=\"secret\">").expect("a secret");
    rest.split('<').next().unwrap().to_owned()
}

pub(crate) async fn access_is_given_and_taken_on_a_page(env: Env) {
    let sol = env.sol();
    user(&env, "jefa", "owner", Some(sol.shop.slug)).await;
    let of_lua = user(&env, "lua", "viewer", Some(env.lua().shop.slug)).await;
    let browser = Browser::at("192.0.2.1");
    let entered = browser.log_in(&env, "jefa", PASSWORD).await;
    let owner = browser.with(&entered.cookie("portero_session"));
    let act = async |path: &str, fields: &[(&str, &str)]| {
        owner
            .post(&env, &format!("/console/access/{path}"), fields)
            .await
    };
    let page = owner.get(&env, "/access?lang=en").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.contains("jefa") && !page.body.contains(">lua<"),
        "{}",
        page.body
    );
    // Another tenant's cannot be chosen: the field is not asked for, and not obeyed.
    let lua = env.lua().shop.slug;
    let fields = [
        ("name", "Rosa"),
        ("role", "operator"),
        ("shop", lua),
        ("lang", "en"),
    ];
    let made = act("users", &fields).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.headers["cache-control"], "no-store");
    let password = secret(&made);
    let again = owner.get(&env, "/access?lang=en").await.body;
    assert!(!again.contains(&password), "it is shown again");
    let rosa = browser.log_in(&env, "rosa", &password).await;
    let rosa = browser.with(&rosa.cookie("portero_session"));
    assert_eq!(rosa.get(&env, "/inbox").await.status, 200);
    assert_eq!(
        rosa.get(&env, "/access").await.status,
        403,
        "an operator gives no access"
    );
    let refused = act("users", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("role=\"alert\""), "{}", refused.body);
    let listed = sol.api.get("/v1/users").await.unwrap();
    let id = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|u| u["name"] == "rosa")
        .unwrap();
    let (id, tenant) = (id["id"].as_str().unwrap(), id["tenant"].as_str().unwrap());
    assert_eq!(tenant, sol.id.as_str());
    let done = act(
        &format!("users/{id}/role"),
        &[("role", "viewer"), ("lang", "pt")],
    )
    .await;
    assert_eq!(
        (done.status, done.location.as_str()),
        (303, "/access?lang=pt")
    );
    assert_eq!(rosa.get(&env, "/consents").await.status, 403);
    let changed = act(&format!("users/{id}/password"), &[]).await;
    assert_ne!(secret(&changed), password);
    assert_eq!(
        rosa.get(&env, "/figures").await.status,
        303,
        "the session lives on"
    );
    assert_eq!(act(&format!("users/{id}/remove"), &[]).await.status, 303);
    // What was made on the page is in the log by its id.
    let log = sol
        .api
        .get("/v1/audit?operation=POST%20/console/access/users")
        .await
        .unwrap();
    let made = &log["items"][1];
    assert_eq!(
        (&made["targets"], &made["status"]),
        (&json!([id]), &json!(200)),
        "{log}"
    );
    assert_eq!(log["items"][0]["status"], 422, "{log}");
    let other = of_lua["id"].as_str().unwrap();
    for deed in ["role", "password", "remove"] {
        let fields = [("role", "owner")];
        assert_eq!(
            act(&format!("users/{other}/{deed}"), &fields).await.status,
            404,
            "{deed}"
        );
    }
    let fields = [
        ("label", "shop <backend>"),
        ("role", "operator"),
        ("days", "30"),
        ("lang", "es"),
    ];
    let made = act("tokens", &fields).await;
    assert!(
        made.body.contains("shop &#60;backend&#62;"),
        "{}",
        made.body
    );
    let token = env.as_token(&secret(&made));
    token.get("/v1/contacts").await.unwrap();
    let listed = sol.api.get("/v1/tokens").await.unwrap();
    let row = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["label"] == "shop <backend>")
        .unwrap();
    assert!(row["expires_at"].is_string(), "{row}");
    assert_eq!(
        act(&format!("tokens/{}/end", row["id"].as_str().unwrap()), &[])
            .await
            .status,
        303
    );
    token.get("/v1/contacts").await.unwrap_err();
    assert_eq!(act("tokens/nonsense/end", &[]).await.status, 404);
    assert_eq!(
        act(
            "tokens",
            &[("label", "x"), ("role", "viewer"), ("days", "0")]
        )
        .await
        .status,
        400
    );
    env.end().await;
}
