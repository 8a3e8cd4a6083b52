//! A database URL that leads to a pooler in transaction mode.

use engine::{PostgresDatabase, PostgresError, PostgresTools, SslMode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::loopback;

/// A message of the server's (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap().to_be_bytes();
    [&[kind], length.as_slice(), content].concat()
}

fn refusal(code: &str, text: &str) -> Vec<u8> {
    let fields = ["SERROR", "VERROR", &format!("C{code}"), &format!("M{text}"), ""];
    message(b'E', format!("{}\0", fields.join("\0")).as_bytes())
}

async fn startup(client: &mut TcpStream) {
    let length = client.read_u32().await.unwrap();
    let mut parameters = vec![0; length as usize - 4];
    client.read_exact(&mut parameters).await.unwrap();
}

/// Says what `PgBouncer` says: to the session's parameters, or to the first statement.
async fn pooler(code: &'static str, text: &'static str, lets_in: bool) -> PostgresDatabase {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        startup(&mut client).await;
        if lets_in {
            let ready = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
            client.write_all(&ready).await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), b'P', "a statement is prepared");
        }
        client.write_all(&[refusal(code, text), message(b'Z', b"I")].concat()).await.unwrap();
        // Until the client has read it.
        let _ = client.read_to_end(&mut Vec::new()).await;
    });
    PostgresDatabase {
        host: "127.0.0.1".into(),
        port,
        database: "shop".into(),
        user: "shop".into(),
        password: None,
        ssl_mode: SslMode::Disable,
        network: loopback(),
    }
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_recognised() {
    for (code, text, lets_in) in [
        ("08P01", "unsupported startup parameter: extra_float_digits", false),
        ("26000", "prepared statement \"sqlx_s_1\" does not exist", true),
        ("42P05", "prepared statement \"sqlx_s_1\" already exists", true),
    ] {
        let database = pooler(code, text, lets_in).await;
        let error = database.check(&PostgresTools::installed()).await.unwrap_err();
        println!("{error}");
        assert_eq!(error, PostgresError::Pooler { detail: text.into() });
        assert!(!error.is_transient());
    }
}
