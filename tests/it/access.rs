//! Tokens and sessions: made, listed, used, run out, ended.

use portero::client::Api;
use portero_domain::clock::Millis;
use serde_json::{Value, json};

use crate::harness::Env;
use crate::roles::{ask, read};

pub(crate) async fn a_token_runs_out_at_its_instant(env: Env) {
    let sol = env.sol();
    let body = json!({ "label": "a day", "tenant": sol.shop.slug, "role": "viewer", "expires_in_days": 1 });
    let made = env.world.operator.post("/v1/tokens", body).await.unwrap();
    let token = made["token"].as_str().unwrap();
    let day = Millis::days(1);
    let status = || async { ask(&env, "GET", "/v1/campaigns", token).await.status };
    assert_eq!(status().await, 200);
    env.jump(Millis(day.0 - 1)).await;
    assert_eq!(status().await, 200, "one millisecond before");
    env.jump(Millis(1)).await;
    assert_eq!(status().await, 401, "at the instant");
    let listed = sol.api.get("/v1/tokens").await.unwrap();
    let row = of(&listed, &made);
    assert_eq!(row["state"], "ran_out");
    assert!(row["last_used_at"].is_string(), "{row}");
    for days in [0, 3_651] {
        let body = json!({ "label": "x", "expires_in_days": days });
        let refused = sol.api.post("/v1/tokens", body).await.unwrap_err();
        assert!(refused.to_string().contains("1 to 3650"), "{refused}");
    }
    env.end().await;
}

fn of<'a>(listed: &'a Value, made: &Value) -> &'a Value {
    let rows = listed["items"].as_array().unwrap();
    rows.iter().find(|r| r["id"] == made["id"]).expect("listed")
}

pub(crate) async fn an_owner_keeps_the_tokens_of_the_own_tenant_alone(env: Env) {
    let (sol, lua) = (env.sol(), env.lua());
    let made = sol
        .api
        .post(
            "/v1/tokens",
            json!({ "label": "sol's", "role": "operator" }),
        )
        .await
        .unwrap();
    assert_eq!(made["tenant"], sol.id.as_str());
    let of_sol: Api = env.as_token(made["token"].as_str().unwrap());
    of_sol.get("/v1/campaigns").await.unwrap();
    // Neither secrets nor their hashes are listed, nor anything of another tenant.
    let listed = sol.api.get("/v1/tokens").await.unwrap();
    assert_eq!(of(&listed, &made)["role"], "operator");
    assert!(!listed.to_string().contains("ptr_"), "{listed}");
    let others = lua.api.get("/v1/tokens").await.unwrap();
    assert!(!others.to_string().contains(made["id"].as_str().unwrap()));
    for row in others["items"].as_array().unwrap() {
        assert_eq!(row["tenant"], lua.id.as_str());
    }
    // Another tenant's owner neither makes nor ends any here, and hears what is said of nothing.
    let path = format!("/v1/tokens/{}", made["id"].as_str().unwrap());
    let delete = reqwest::Method::DELETE;
    let refused = lua.api.send(delete.clone(), &path, None).await.unwrap_err();
    assert!(refused.to_string().contains("no token"), "{refused}");
    let body = json!({ "label": "x", "tenant": sol.shop.slug });
    let refused = lua.api.post("/v1/tokens", body).await.unwrap_err();
    assert!(refused.to_string().contains("no tenant"), "{refused}");
    of_sol.get("/v1/campaigns").await.unwrap();
    // Its own ends at once.
    sol.api.send(delete, &path, None).await.unwrap();
    of_sol.get("/v1/campaigns").await.unwrap_err();
    // The operator of the server sees all, of one tenant when it names one.
    let all = env.world.operator.get("/v1/tokens").await.unwrap();
    assert_eq!(of(&all, &made)["state"], "ended");
    env.end().await;
}

pub(crate) async fn a_login_link_works_once_and_a_jump_ends_no_session(env: Env) {
    let page = |cookie: String| {
        env.http
            .get(format!("{}/figures", env.stage.host.url))
            .header("cookie", format!("portero_session={cookie}"))
    };
    // Whoever planted a cookie before the login holds nothing afterwards.
    let planted = "planted".to_owned();
    let login = env
        .http
        .get(&env.stage.host.login_url)
        .header("cookie", format!("portero_session={planted}"));
    let answer = login.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    assert_eq!(answer.headers()["location"], "/home");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for word in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(word), "{word} is missing in {cookie}");
    }
    let session = cookie
        .strip_prefix("portero_session=")
        .and_then(|rest| rest.split(';').next())
        .unwrap()
        .to_owned();
    assert_ne!(session, planted);
    assert_eq!(read(page(planted)).await.status, 401);
    assert_eq!(read(page(session.clone())).await.status, 200);
    let again = env.http.get(&env.stage.host.login_url);
    assert_eq!(read(again).await.status, 401, "the link worked twice");
    // A form that another site sends with the cookie does nothing.
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "http://elsewhere.example"),
    ] {
        let forged = env
            .http
            .post(format!("{}/console/phone/nowhere/jump", env.stage.host.url))
            .header("cookie", format!("portero_session={session}"))
            .header(header, value)
            .json(&json!({ "hours": 1 }));
        assert_eq!(read(forged).await.code, "cross_site", "{header}: {value}");
    }
    // Moving the clock by hand logs nobody out of the pages that it is moved on.
    env.jump(Millis::hours(25)).await;
    assert_eq!(read(page(session)).await.status, 200);
    env.end().await;
}
