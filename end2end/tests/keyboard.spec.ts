import type { Locator, Page } from '@playwright/test';

import { ACCOUNT, expect, test } from '../support/fixtures';
import { rightKeys } from '../support/prepare';

/** Presses Tab until the focus is there. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target, 'Tab leads there').toBeFocused();
}

test('sign-in and a new credential with the keyboard alone', async ({ partner, another, s3 }) => {
  await partner.dashboard.open();
  const { page, login, dashboard, credentials } = await another();
  const { keyboard } = page;

  await login.open();
  await expect(login.form.field('Email')).toBeFocused();
  await keyboard.type(ACCOUNT.email);
  await keyboard.press('Tab');
  await keyboard.type(ACCOUNT.password);
  await keyboard.press('Enter');
  await dashboard.expectShown();

  await keyboard.press('Tab');
  await expect(dashboard.link('Skip to content')).toBeFocused();
  await tabTo(page, dashboard.navigation('Backup Credentials'));
  await keyboard.press('Enter');
  await expect(credentials.heading('Backup Credentials')).toBeVisible();
  await expect(page.getByRole('main')).toBeFocused();
  await tabTo(page, credentials.link('Add Credentials'));
  await keyboard.press('Enter');

  const right = rightKeys(s3);
  const dialog = credentials.addDialog;
  await expect(dialog.field('S3 Name')).toBeFocused();
  await keyboard.type(right.name);
  for (const [label, text] of [
    ['S3 Access Key ID', right.accessKeyId],
    ['S3 Secret Key', 'not the secret'],
    ['S3 Endpoint', right.endpoint],
    ['S3 Region', right.region],
  ] as const) {
    await tabTo(page, dialog.field(label));
    await keyboard.type(text);
  }
  await keyboard.press('Enter');

  // The focus moves to the first field that needs attention, and Tab never leaves the dialog.
  await expect(dialog.field('S3 Access Key ID')).toBeFocused();
  await tabTo(page, dialog.field('S3 Secret Key'));
  await keyboard.press('Control+A');
  await keyboard.type(right.secretKey);
  await tabTo(page, dialog.button('Add'));
  await keyboard.press('Space');
  await expect(credentials.row(right.name)).toBeVisible();
  await credentials.expectNoDialog();
});
