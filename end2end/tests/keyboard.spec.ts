import type { Locator, Page } from '@playwright/test';

import { barriers } from '../support/accessibility';
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
  await expect(dialog.field('S3 Secret Key')).toBeFocused();
  await keyboard.press('Control+A');
  await keyboard.type(right.secretKey);
  await tabTo(page, dialog.button('Add'));
  await keyboard.press('Space');
  await expect(credentials.row(right.name)).toBeVisible();
  await credentials.expectNoDialog();
});

test('shortcuts lead about, are listed, and can be switched off', async ({ partner }) => {
  const { page, dashboard, credentials, projects } = partner;
  const { keyboard } = page;
  await dashboard.open();
  await keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keyboard Shortcuts' });
  await expect(list).toBeVisible();
  await expect(list.getByText('Backup Credentials')).toBeVisible();
  expect(await barriers(page)).toEqual([]);
  await keyboard.press('Escape');
  await expect(list).toBeHidden();

  await keyboard.type('gc');
  await expect(credentials.heading('Backup Credentials')).toBeVisible();
  await expect(page.getByRole('main')).toBeFocused();
  await keyboard.type('gp');
  await expect(projects.heading('Projects')).toBeVisible();

  await test.step('not while typing', async () => {
    await projects.link('Add Project').click();
    const name = projects.addDialog.field('Project Name');
    await name.fill('');
    await keyboard.type('gd?');
    await expect(name).toHaveValue('gd?');
    await expect(projects.heading('Projects')).toBeVisible();
    await keyboard.press('Escape');
    await projects.button('Discard').click();
    await projects.expectNoDialog();
  });

  await test.step('switched off, and on again on the profile', async () => {
    await keyboard.press('?');
    await list.getByRole('checkbox').uncheck();
    await keyboard.press('Escape');
    await keyboard.type('gd');
    await page.reload();
    await projects.ready();
    await keyboard.type('gd');
    await expect(projects.heading('Projects')).toBeVisible();
    await partner.profile.open();
    await page.getByRole('button', { name: 'Keyboard Shortcuts' }).click();
    await list.getByRole('checkbox').check();
    await keyboard.press('Escape');
    await keyboard.type('gd');
    await expect(dashboard.heading('Dashboard')).toBeVisible();
  });
});

test('a key leads to the search', async ({ partner, s3 }) => {
  const { credentials, page } = partner;
  await credentials.open();
  await credentials.add(rightKeys(s3));
  await credentials.ready();
  await page.keyboard.press('/');
  await expect(credentials.search).toBeFocused();
  await page.keyboard.type('/');
  await expect(credentials.search).toHaveValue('/');
});
