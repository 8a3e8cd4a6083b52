//! A browser with its own cookies, with or without script.

use std::net::SocketAddr;

use app::api::ApiError;
use model::{
    form::{Done, FormErrors},
    ids::ProjectId,
};
use reqwest::{
    Client, Method, RequestBuilder, Response,
    header::{ACCEPT, HeaderMap, LOCATION, ORIGIN, REFERER, SET_COOKIE},
    redirect::Policy,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{app::PASSWORD, form};

const HTML: &str = "text/html,application/xhtml+xml";

/// Keeps cookies, and follows no redirect, so that a test sees each of them.
#[derive(Clone)]
pub struct Browser {
    base: String,
    client: Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

fn client() -> Client {
    Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap()
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self { base: format!("http://{address}"), client: client() }
    }

    /// Another browser, without cookies, at the same server.
    pub fn of_somebody_else(&self) -> Self {
        Self { base: self.base.clone(), client: client() }
    }

    /// The same browser, with its cookies, after the server has moved.
    pub fn moved_to(&self, address: SocketAddr) -> Self {
        Self { base: format!("http://{address}"), client: self.client.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Opens a page, or anything else that a link leads to.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).header(ACCEPT, HTML)).await
    }

    /// The same, as a proxy on the server's machine passes it on.
    pub async fn get_through_a_proxy(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).header(ACCEPT, HTML).header("x-forwarded-for", "192.0.2.1");
        Answer::of(request).await
    }

    /// The status of something that is told without an end, and the beginning of its answer.
    pub async fn head_through_a_proxy(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).header(ACCEPT, HTML).header("x-forwarded-for", "192.0.2.1");
        let response = request.send().await.unwrap();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), bytes: Vec::new() }
    }

    /// Downloads a project's recovery kit, after the password.
    pub async fn recovery_kit(&self, project: ProjectId) -> Answer {
        let fields = form(&[("project", &project.to_string()), ("password", PASSWORD)]);
        let page = format!("/projects/{project}/settings?dialog=recovery-kit");
        let led = self.post(&page, "projects/recovery_kit", &fields).await;
        self.get(led.location()).await
    }

    /// Sends a form from a page without script.
    pub async fn post(&self, page: &str, function: &str, form: &[(String, String)]) -> Answer {
        let request = self
            .request(Method::POST, &format!("/api/{function}"))
            .header(ACCEPT, HTML)
            .header(ORIGIN, &self.base)
            .header(REFERER, format!("{}{page}", self.base))
            .header("sec-fetch-site", "same-origin")
            .form(form);
        Answer::of(request).await
    }

    /// Sends a form as the browser's script does.
    pub async fn call(&self, function: &str, form: &[(String, String)]) -> Answer {
        let request = self
            .request(Method::POST, &format!("/api/{function}"))
            .header(ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin")
            .form(form);
        Answer::of(request).await
    }

    /// Asks a function that only reads, as the browser's script does.
    pub async fn ask(&self, function: &str, arguments: &impl Serialize) -> Answer {
        let request =
            self.request(Method::POST, &format!("/api/{function}")).header(ACCEPT, "application/json").json(arguments);
        Answer::of(request).await
    }

    /// What a function answers that must succeed.
    pub async fn read<T: DeserializeOwned>(&self, function: &str, arguments: &impl Serialize) -> T {
        self.ask(function, arguments).await.json(function)
    }

    /// Sends a form that must succeed.
    pub async fn done(&self, function: &str, form: &[(String, String)]) -> Done {
        self.call(function, form).await.json(function)
    }
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response: Response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The value of a successful answer; `asked` is for the message.
    pub fn json<T: DeserializeOwned>(&self, asked: &str) -> T {
        assert_eq!(self.status, 200, "{asked}: {}", self.text());
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{asked}: {error}: {}", self.text()))
    }

    /// The error that a function answered.
    pub fn error(&self) -> ApiError {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{}: {error}: {}", self.status, self.text()))
    }

    /// The messages of a form that was refused.
    pub fn form_errors(&self) -> FormErrors {
        assert_eq!(self.status, 422, "{}", self.text());
        self.error().form_errors()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text());
        self.header(LOCATION.as_str())
    }

    /// The session's cookie, as the answer sets it.
    pub fn cookie(&self) -> Option<&str> {
        self.headers.get_all(SET_COOKIE).iter().find_map(|value| {
            let cookie = value.to_str().unwrap();
            cookie.contains("holdfast=").then_some(cookie)
        })
    }
}
