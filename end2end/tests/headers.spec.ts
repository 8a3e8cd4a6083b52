import { expect, test } from '../support/fixtures';
import { addCredential } from '../support/prepare';

const EVERYWHERE = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

test('every page carries the security headers', async ({ partner, another, s3 }) => {
  await addCredential(partner, s3);
  const stranger = await another();
  const pages = [
    [stranger, '/login'],
    [stranger, '/set-password?token=nothing'],
    ...['/', '/projects', '/backup-credentials?dialog=add', '/users', '/organizations', '/audit-log', '/profile'].map(
      (address) => [partner, address] as const,
    ),
    [partner, '/profile/second-factor'],
    [partner, '/nowhere'],
  ] as const;
  const nonces = new Set<string>();
  for (const [{ page }, address] of pages) {
    await test.step(address, async () => {
      const answer = await page.goto(address);
      const headers = answer?.headers() ?? {};
      expect(headers).toMatchObject(EVERYWHERE);
      expect(headers['permissions-policy']).toContain('camera=()');
      const policy = headers['content-security-policy'] ?? '';
      for (const rule of ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]) {
        expect(policy).toContain(rule);
      }
      expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
      const [, nonce = ''] = /'nonce-([^']+)'/.exec(policy) ?? [];
      expect(nonce.length).toBeGreaterThan(15);
      nonces.add(nonce);
    });
  }
  expect(nonces.size, 'each page has a nonce of its own').toBe(pages.length);
});

test('what the policy forbids does not run, and is noticed', async ({ partner, faults }) => {
  faults.expect(/Content Security Policy|securitypolicyviolation|^csp GET https:\/\/example\.com/);
  await partner.dashboard.open();
  const ran = await partner.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    const image = document.createElement('img');
    image.src = 'https://example.com/pixel.png';
    document.body.append(script, image);
    return 'ran' in window;
  });
  expect(ran).toBe(false);
  await expect.poll(() => faults.provoked.join('\n')).toMatch(/securitypolicyviolation script-src/);
  await expect.poll(() => faults.provoked.join('\n')).toMatch(/securitypolicyviolation img-src/);
});
