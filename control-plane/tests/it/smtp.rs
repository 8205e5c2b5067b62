//! A stand-in for an SMTP server, which answers to each mail what it is told to. The end-to-end tests have a real one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use lictor_control_plane::app::App;
use lictor_control_plane::clients::smtp::{Mailer, Server, SmtpTls};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The server. What it is not told to answer it answers with 250.
#[derive(Clone, Default)]
pub(crate) struct Smtp {
    port: u16,
    replies: Arc<Mutex<VecDeque<&'static str>>>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Smtp {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let server = smtp.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                // A client that hangs up ends its conversation.
                tokio::spawn(async move { server.talk(stream).await.unwrap_or_default() });
            }
        });
        smtp
    }

    /// What it answers to the next mails.
    pub(crate) fn reply(&self, replies: &[&'static str]) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// The mails that it took.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    /// Has a control plane send its mail here.
    pub(crate) fn serves(&self, app: &App) {
        let server = Server {
            host: "127.0.0.1".to_owned(),
            port: Some(self.port),
            tls: SmtpTls::None,
            from: "Lictor <lictor@example.com>".to_owned(),
            user: None,
            password: None,
        };
        assert!(app.mailer.set(Mailer::new(server, None).unwrap()).is_ok());
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 here\r\n").await?;
        let mut line = String::new();
        while {
            line.clear();
            stream.read_line(&mut line).await?
        } > 0
        {
            let answer = match line.get(..4).unwrap_or_default() {
                "EHLO" => "250-here\r\n250 8BITMIME".to_owned(),
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let mut mail = String::new();
                    while !mail.ends_with("\r\n.\r\n") {
                        stream.read_line(&mut mail).await?;
                    }
                    let reply = self.replies.lock().unwrap().pop_front().unwrap_or("250 taken");
                    if reply.starts_with("250") {
                        // Soft line breaks are the transfer's, not the mail's.
                        self.taken.lock().unwrap().push(mail.replace("=\r\n", ""));
                    }
                    reply.to_owned()
                }
                "QUIT" => "221 bye".to_owned(),
                _ => "250 yes".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}
