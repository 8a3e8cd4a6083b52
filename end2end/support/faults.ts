import type { BrowserContext } from '@playwright/test';

/** What goes wrong in a browser and nobody sees: each of these fails the test. */
export class Faults {
  readonly found: string[] = [];
  /** What a test has provoked on purpose. */
  readonly provoked: string[] = [];
  private readonly expected: RegExp[] = [];

  /** Lets a test provoke a fault on purpose. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  async watch(context: BrowserContext, scripts: boolean): Promise<void> {
    // A browser without scripts reports each script that it does not load.
    if (!scripts) this.expect(/^csp GET .*\.js$|was preloaded using link preload but not used/);
    // The browser's own words for it differ from version to version.
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
        console.error(`securitypolicyviolation ${effectiveDirective} ${blockedURI} ${sourceFile}`);
      });
    });
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !isRefusal(message.text())) {
        this.note(`console ${message.type()} at ${message.page()?.url()}: ${message.text()}`);
      }
    });
    context.on('weberror', (fault) => this.note(`uncaught at ${fault.page()?.url()}: ${fault.error().stack}`));
    context.on('response', (response) => {
      if (response.status() >= 500) this.note(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    context.on('requestfailed', (request) => {
      const cause = request.failure()?.errorText ?? '';
      // A page that is left gives up what it was asking for; a download takes the request over.
      if (cause !== 'net::ERR_ABORTED') this.note(`${cause} ${request.method()} ${request.url()}`);
    });
  }

  private note(fault: string): void {
    const expected = this.expected.some((pattern) => pattern.test(fault));
    (expected ? this.provoked : this.found).push(fault);
  }
}

/** Chromium's note that the server refused something, which stories do on purpose. Faults of the server are counted
 * where they arrive. */
function isRefusal(text: string): boolean {
  return text.startsWith('Failed to load resource: the server responded with a status of');
}
