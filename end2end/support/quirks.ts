import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { S3Server } from './s3';

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
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const quirks = new Quirks(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (asked, answer) => void quirks.pass(s3, asked, answer));
    return quirks;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
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
