import { expect } from '@playwright/test';

import { ACCOUNT, PASSWORD, type Folders } from './fixtures';
import type { Holdfast, Role } from './holdfast';
import type { Credential } from './pages/credentials';
import type { S3Server } from './s3';
import type { Visitor } from './visitor';

export const PROJECT = 'web-shop';
export const CREDENTIAL = 'Main store';
export const POLICY = 'nightly';

/** A person of the first organization, signed in; answers the address. */
export async function signInAs(role: Role, holdfast: Holdfast, visitor: Visitor): Promise<string> {
  const email = `${role.toLowerCase()}@example.com`;
  await holdfast.addUser(email, ACCOUNT.organization, role, PASSWORD);
  await visitor.login.open();
  await visitor.login.signIn(email, PASSWORD);
  await visitor.dashboard.expectShown();
  return email;
}

/** The right keys of the S3 server. */
export function rightKeys(s3: S3Server): Credential {
  return { name: CREDENTIAL, ...s3.keys, endpoint: s3.endpoint, region: 'us-east-1' };
}

export async function addCredential(partner: Visitor, s3: S3Server): Promise<void> {
  await partner.credentials.open();
  await partner.credentials.add(rightKeys(s3));
}

/** A project with backup on; answers its number. */
export async function addBackedUpProject(partner: Visitor, s3: S3Server, folders: Folders): Promise<string> {
  await addCredential(partner, s3);
  await partner.projects.open();
  return partner.projects.add({ name: PROJECT, directory: folders.source, backup: true });
}

/** A project with a policy that does not run by itself, and one backup of it. */
export async function addBackup(
  partner: Visitor,
  s3: S3Server,
  folders: Folders,
): Promise<{ project: string; backup: string }> {
  const project = await addBackedUpProject(partner, s3, folders);
  await partner.policies.add({ name: POLICY, period: 'On the first of every month at 02:30' });
  const backup = await partner.policies.runNow(POLICY);
  await partner.policies.expectPhase(backup, 'Completed');
  await expect(partner.policies.alert).toHaveCount(0);
  return { project, backup };
}
