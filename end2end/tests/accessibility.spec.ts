import path from 'node:path';

import type { Page } from '@playwright/test';

import { barriers, hiddenSideways } from '../support/accessibility';
import { Authenticator } from '../support/authenticator';
import { expect, PASSWORD, test, type Folders } from '../support/fixtures';
import { addBackup, CREDENTIAL, rightKeys } from '../support/prepare';
import { closedEndpoint, type S3Server } from '../support/s3';
import type { Visitor } from '../support/visitor';

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 780 };
/** A screen of 4K, for the picture alone. */
const WALL = { width: 3840, height: 2160 };

/** Something to look at: its name, and how to get there. */
type View = [name: string, show: () => Promise<unknown>];

for (const scheme of ['light', 'dark'] as const) {
  test(`no barriers in ${scheme} colours`, async ({ visitor, s3, folders, another }, testInfo) => {
    test.setTimeout(600_000);
    const pictures = path.join(testInfo.project.outputDir, 'pages', scheme);
    const found = await look(visitor.page, scheme, pictures, firstRun(visitor));
    found.push(...(await look(visitor.page, scheme, pictures, empty(visitor))));
    const { project } = await addBackup(visitor, s3, folders);
    found.push(...(await look(visitor.page, scheme, pictures, filled(visitor, project, folders, s3))));
    const stranger = await another();
    found.push(...(await look(stranger.page, scheme, pictures, outside(stranger))));
    expect(found).toEqual([]);
  });

  test(`no barriers for whoever administers, in ${scheme} colours`, async ({ partner, s3, another }, testInfo) => {
    test.setTimeout(600_000);
    const pictures = path.join(testInfo.project.outputDir, 'pages', scheme);
    await partner.credentials.open();
    await partner.credentials.add(rightKeys(s3));
    const found = await look(partner.page, scheme, pictures, administration(partner));
    const invited = await another();
    found.push(...(await look(invited.page, scheme, pictures, invitation(invited, await invite(partner)))));
    found.push(...(await look(partner.page, scheme, pictures, secondFactor(partner))));
    expect(found).toEqual([]);
  });
}

/** Scans each view on a desk and on a phone, and pictures it at three widths; answers what is in somebody's way. */
async function look(page: Page, scheme: 'light' | 'dark', pictures: string, views: View[]): Promise<string[]> {
  const found: string[] = [];
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  for (const [name, show] of views) {
    await test.step(name, async () => {
      await page.setViewportSize(DESK);
      await show();
      for (const size of [DESK, PHONE]) {
        await page.setViewportSize(size);
        const view = `${name} at ${size.width}`;
        found.push(...(await barriers(page)).map((barrier) => `${view}: ${barrier}`));
        found.push(...(await hiddenSideways(page)).map((place) => `${view}: ${place} is too wide`));
        await page.screenshot({ path: path.join(pictures, `${name}-${size.width}.png`), fullPage: true });
      }
      await page.setViewportSize(WALL);
      await page.screenshot({ path: path.join(pictures, `${name}-${WALL.width}.png`) });
    });
  }
  return found;
}

function firstRun({ setup }: Visitor): View[] {
  const account = { accountName: 'Example Ltd', organization: 'acme', email: 'partner@example.com' };
  return [
    ['setup', () => setup.open()],
    [
      'setup-errors',
      async () => {
        await setup.createAccount({ ...account, organization: 'a b', password: 'short' });
        await setup.form.expectErrorAt('Password', /12/);
        await setup.ready();
      },
    ],
    [
      'dashboard-empty',
      async () => {
        await setup.createAccount({ ...account, password: PASSWORD });
        await expect(setup.heading('Dashboard')).toBeVisible();
        await setup.ready();
      },
    ],
  ];
}

function empty({ credentials, projects }: Visitor): View[] {
  return [
    ['credentials-empty', () => credentials.open()],
    ['projects-empty', () => projects.open()],
  ];
}

function filled(partner: Visitor, project: string, folders: Folders, s3: S3Server): View[] {
  const { credentials, projects, settings, policies, browse, dashboard } = partner;
  const dialog = dialogs(partner);
  const home = `/projects/${project}`;
  return [
    ['dashboard', () => dashboard.open()],
    ['credentials', () => credentials.open('?expand=1')],
    ['credentials-nothing-found', () => credentials.open('?search=nothing')],
    ['credentials-add', dialog('/backup-credentials?dialog=add', 'Add Backup Credentials')],
    [
      'credentials-add-errors',
      async () => {
        await credentials.open('?dialog=add');
        await credentials.send({ ...rightKeys(s3), name: 'ab', secretKey: '' });
        await credentials.addDialog.expectErrorAt('S3 Name', /characters/);
      },
    ],
    ['projects', () => projects.open()],
    [
      'projects-add',
      async () => {
        await projects.open('?dialog=add');
        await projects.addDialog.root.getByRole('switch', { name: 'Enable Backup' }).setChecked(true);
        await projects.addDialog.fill({ Bucket: 'Use an existing bucket' });
        await expect(projects.addDialog.field('Backup Credentials').locator('option:checked')).toContainText(CREDENTIAL);
      },
    ],
    ['project', () => partner.project.open(project, 'web-shop')],
    ['repository', () => partner.repository.open(project)],
    ['settings', () => settings.open(project)],
    ['settings-delete', dialog(`${home}/settings?dialog=delete`, /^Delete project/)],
    ['settings-recovery-kit', dialog(`${home}/settings?dialog=recovery-kit`, /^Recovery kit of/)],
    ['settings-disable', dialog(`${home}/settings?dialog=disable`, /^Disable backup of/)],
    ['schedules', () => policies.open(project, 'Schedules')],
    ['schedules-add', dialog(`${home}/policies?tab=schedules&dialog=add`, 'Add Policy')],
    ['schedules-describe', dialog(`${home}/policies?tab=schedules&dialog=describe&id=1`, 'Policy')],
    ['schedules-edit', dialog(`${home}/policies?tab=schedules&dialog=update&id=1`, 'Edit Policy')],
    ['schedules-delete', dialog(`${home}/policies?tab=schedules&dialog=delete&id=1`, 'Delete Policy')],
    ['backups', () => policies.open(project, 'Backups')],
    ['backups-describe', dialog(`${home}/policies?tab=backups&dialog=describe&id=1`, 'Backup')],
    ['backups-restore', dialog(`${home}/policies?tab=backups&dialog=restore&id=1`, 'Restore Backup')],
    ['backups-delete', dialog(`${home}/policies?tab=backups&dialog=delete&id=1`, 'Delete Backup')],
    [
      'run',
      async () => {
        await policies.visit(`${home}/runs/backup-1?compare=1`);
        await expect(partner.page.getByRole('region', { name: 'What Grew Most' })).toBeVisible();
      },
    ],
    ['restores-empty', () => policies.open(project, 'Restores')],
    [
      'restores',
      async () => {
        await policies.open(project, 'Backups');
        await policies.restore(/manual-/, { name: 'everything', directory: path.join(folders.root, 'restored') });
      },
    ],
    ['restores-describe', dialog(`${home}/policies?tab=restores&dialog=describe&id=1`, 'Restore')],
    [
      'browse',
      async () => {
        await browse.visit(`${home}/backups/1`);
        await expect(browse.entry('notes.txt')).toBeVisible();
      },
    ],
    [
      'browse-folder',
      async () => {
        await browse.visit(`${home}/backups/1?path=odd%20names`);
        await expect(browse.entry('-dash')).toBeVisible();
      },
    ],
    ['not-found', () => dashboard.visit('/nowhere')],
  ];
}

function administration(partner: Visitor): View[] {
  const { dashboard } = partner;
  const dialog = dialogs(partner);
  const page = (address: string, heading: string) => async () => {
    await dashboard.visit(address);
    await expect(dashboard.heading(heading)).toBeVisible();
  };
  return [
    ['credentials-update', dialog('/backup-credentials?dialog=update&id=1', 'Update Backup Credentials')],
    ['credentials-move', dialog('/backup-credentials?dialog=move&id=1', 'Move Endpoint')],
    ['credentials-delete', dialog('/backup-credentials?dialog=delete&id=1', 'Delete Backup Credential')],
    ['users', page('/users', 'Users')],
    ['users-invite', dialog('/users?dialog=add', 'Invite User')],
    ['users-role', dialog('/users?dialog=update&id=1', 'Change Role')],
    ['users-remove', dialog('/users?dialog=delete&id=1', 'Remove User')],
    ['organizations', page('/organizations', 'Organizations')],
    ['organizations-add', dialog('/organizations?dialog=add', 'Add Organization')],
    ['organizations-edit', dialog('/organizations?dialog=update&id=1', 'Edit Organization')],
    ['organizations-remove', dialog('/organizations?dialog=delete&id=1', 'Remove Organization')],
    ['notifications-empty', page('/notifications', 'Notifications')],
    ['notifications-add', dialog('/notifications?dialog=add', 'Add Channel')],
    ['notifications', () => notified(partner)],
    ['notifications-update', dialog('/notifications?dialog=update&id=1', 'Update Channel')],
    ['notifications-delete', dialog('/notifications?dialog=delete&id=1', 'Delete Channel')],
    ['nodes', page('/nodes', 'Nodes')],
    ['audit-log', page('/audit-log', 'Audit Log')],
    ['profile', page('/profile', 'Profile')],
    ['help', page('/help/settings', 'Settings')],
    ['users-second-factor', dialog('/users?dialog=second-factor&id=1', 'Reset Second Factor')],
  ];
}

function secondFactor(partner: Visitor): View[] {
  const { secondFactor, login } = partner;
  const dialog = dialogs(partner);
  return [
    ['second-factor', () => secondFactor.open()],
    ['second-factor-draft', () => secondFactor.begin(PASSWORD)],
    [
      'second-factor-on',
      async () => {
        const secret = await secondFactor.page.getByLabel('Secret', { exact: true }).innerText();
        await secondFactor.confirm(new Authenticator(secret).code());
        await expect(secondFactor.heading('Second Factor')).toBeVisible();
        await expect(secondFactor.codes).toHaveCount(0);
        await secondFactor.ready();
      },
    ],
    ['second-factor-off', dialog('/profile/second-factor?dialog=turn-off', 'Turn Off the Second Factor')],
    ['second-factor-renew', dialog('/profile/second-factor?dialog=codes', 'New Recovery Codes')],
    [
      'second-factor-codes',
      async () => {
        const renew = secondFactor.dialog('New Recovery Codes');
        await renew.fill({ Password: PASSWORD });
        await renew.press('Show Codes');
        await expect(secondFactor.codes).toHaveCount(10);
      },
    ],
    [
      'login-code',
      async () => {
        await secondFactor.signOut();
        await login.signIn('partner@example.com', PASSWORD);
        await secondFactor.expectAddress(/\/login\/code$/);
      },
    ],
  ];
}

/** Adds a channel that nobody answers at, and tries it. */
async function notified({ notifications, page }: Visitor): Promise<void> {
  const form = {
    'form[name]': 'On call',
    'form[kind]': 'slack',
    'form[slack_url]': await closedEndpoint(),
    'form[failure]': 'on',
  };
  await page.request.post('/api/notifications/add_channel', { form });
  await page.request.post('/api/notifications/send_test', { form: { 'form[channel]': '1' } });
  await notifications.open();
  await expect(notifications.row('could not be connected to')).toBeVisible();
}

/** Invites somebody and answers the one-time link. */
async function invite({ page }: Visitor): Promise<string> {
  const form = { 'form[email]': 'ann@example.com', 'form[role]': 'User' };
  const answer = await page.request.post('/api/users/invite', { form, headers: { accept: 'application/json' } });
  return ((await answer.json()) as { link: string }).link;
}

function invitation({ dashboard, page }: Visitor, link: string): View[] {
  return [
    [
      'set-password',
      async () => {
        await dashboard.visit(link);
        await expect(page.getByText('ann@example.com')).toBeVisible();
      },
    ],
    ['set-password-used', () => dashboard.visit('/set-password?token=nothing')],
  ];
}

/** Shows the dialog of an address. */
function dialogs({ page, dashboard }: Visitor): (address: string, title: string | RegExp) => () => Promise<void> {
  return (address, title) => async () => {
    await dashboard.visit(address);
    await expect(dashboard.dialog(title).root).toBeVisible();
    await expect(page.getByText('Loading…')).toHaveCount(0);
  };
}

function outside({ login }: Visitor): View[] {
  return [
    ['login', () => login.open()],
    [
      'login-error',
      async () => {
        await login.signIn('partner@example.com', 'not the password');
        await expect(login.alert).toBeVisible();
        await login.ready();
      },
    ],
  ];
}
