import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { close, listen, type S3Server } from './s3';

/** A way to an S3 server with the quirks of others: slower, or stricter. */
export class Quirks {
  /** What each request waits for, in milliseconds. */
  delay = 0;
  /** Whether a request is refused. */
  denies: (method: string, path: string) => boolean = () => false;

  private constructor(
    private readonly server: Server,
    readonly endpoint: string,
  ) {}

  static async start(s3: S3Server): Promise<Quirks> {
    const server = createServer();
    const quirks = new Quirks(server, await listen(server));
    server.on('request', (asked, answer) => void quirks.pass(s3, asked, answer));
    return quirks;
  }

  async stop(): Promise<void> {
    await close(this.server);
  }

  private async pass(s3: S3Server, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.delay));
    const { method = 'GET', url = '/', headers } = asked;
    if (this.denies(method, url)) {
      asked.resume();
      const refusal = '<Error><Code>AccessDenied</Code><Message>Not by this policy</Message></Error>';
      answer.writeHead(403, { 'content-type': 'application/xml' }).end(refusal);
      return;
    }
    // The host is signed, so it stays as it is.
    const { hostname, port } = new URL(s3.endpoint);
    const passed = request({ hostname, port, method, path: url, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  }
}
