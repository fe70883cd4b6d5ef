#!/bin/sh
# Printed by a dry run; nothing was run and nothing was asked. It may be run as it is,
# from the repository's root.
# The program looks first whether the deployment is in this region, and whether
# scalable targets are in force.
set -eu

# The dashboard
if [ "$(gcloud monitoring dashboards list --project=acme-ml '--filter=displayName="Flyball (flyball)"' --format=json)" != '[]' ]; then
  dashboard="$(gcloud monitoring dashboards list --project=acme-ml '--filter=displayName="Flyball (flyball)"' '--format=value(name)')"
  etag="$(gcloud monitoring dashboards list --project=acme-ml '--filter=displayName="Flyball (flyball)"' '--format=value(etag)')"
  gcloud monitoring dashboards delete "${dashboard}" --quiet
fi

# The alert for people: a target is held, or cannot have what it wants
if [ "$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="held"' --format=json)" != '[]' ]; then
  held="$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="held"' '--format=value(name)')"
  gcloud alpha monitoring policies delete "${held}" --quiet
fi

# The alert for people: a function fails, or is not called
if [ "$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="fails"' --format=json)" != '[]' ]; then
  fails="$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="fails"' '--format=value(name)')"
  gcloud alpha monitoring policies delete "${fails}" --quiet
fi

# The alert for people: no tick succeeded, or something was put aside
if [ "$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="dead-man"' --format=json)" != '[]' ]; then
  dead_man="$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="dead-man"' '--format=value(name)')"
  gcloud alpha monitoring policies delete "${dead_man}" --quiet
fi

# The metric flyball-desired: capacity that a change was to: of a range, its floor
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-desired"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-desired --project=acme-ml --quiet
fi

# The metric flyball-current: capacity when a change was decided
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-current"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-current --project=acme-ml --quiet
fi

# The metric flyball-turned_away: calls that no instance got: too many at once, or not allowed
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-turned_away"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-turned_away --project=acme-ml --quiet
fi

# The metric flyball-changes: changes that were sent, by what Google did about them
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-changes"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-changes --project=acme-ml --quiet
fi

# The metric flyball-wakes: targets that were looked at, by what it came to
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-wakes"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-wakes --project=acme-ml --quiet
fi

# The metric flyball-unmet: decisions that wanted more than bounds, quota or budget allow
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-unmet"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-unmet --project=acme-ml --quiet
fi

# The metric flyball-poison: messages that nobody could read
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-poison"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-poison --project=acme-ml --quiet
fi

# The metric flyball-blind: calls in which a metric was missing
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-blind"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-blind --project=acme-ml --quiet
fi

# The metric flyball-frozen: calls in which an endpoint had failed or could not be read
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-frozen"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-frozen --project=acme-ml --quiet
fi

# The metric flyball-refused: calls in which a change was refused
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-refused"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-refused --project=acme-ml --quiet
fi

# The metric flyball-unresolved: calls in which it was not known whether a change landed
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-unresolved"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-unresolved --project=acme-ml --quiet
fi

# The metric flyball-failed: calls in which a target could not be handled
if [ "$(gcloud logging metrics list --project=acme-ml '--filter=name="flyball-failed"' --format=json)" != '[]' ]; then
  gcloud logging metrics delete flyball-failed --project=acme-ml --quiet
fi

# The job of every minute
if [ "$(gcloud scheduler jobs list --project=acme-ml --location=europe-west4 --filter=name=projects/acme-ml/locations/europe-west4/jobs/flyball-tick --format=json)" != '[]' ]; then
  gcloud scheduler jobs delete flyball-tick --project=acme-ml --location=europe-west4 --quiet
fi

# The function flyball-tick, of every minute
if [ "$(gcloud functions list --project=acme-ml --regions=europe-west4 --v2 --filter=name=projects/acme-ml/locations/europe-west4/functions/flyball-tick --format=json)" != '[]' ]; then
  gcloud functions delete flyball-tick --project=acme-ml --gen2 --region=europe-west4 --quiet
fi

# What pushes handed-on targets to the function of alerts
if [ "$(gcloud pubsub subscriptions list --project=acme-ml --filter=name=projects/acme-ml/subscriptions/flyball-wakes --format=json)" != '[]' ]; then
  gcloud pubsub subscriptions delete flyball-wakes --project=acme-ml
fi

# The function flyball-alert, of alerts
if [ "$(gcloud functions list --project=acme-ml --regions=europe-west4 --v2 --filter=name=projects/acme-ml/locations/europe-west4/functions/flyball-alert --format=json)" != '[]' ]; then
  gcloud functions delete flyball-alert --project=acme-ml --gen2 --region=europe-west4 --quiet
fi

# The channel by which people are told
if [ "$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="email" AND userLabels.flyball="flyball"' --format=json)" != '[]' ]; then
  people="$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="email" AND userLabels.flyball="flyball"' '--format=value(name)')"
  gcloud beta monitoring channels delete "${people}" --force --quiet
fi

# The channel by which alerts reach its function
if [ "$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="pubsub" AND userLabels.flyball="flyball"' --format=json)" != '[]' ]; then
  channel="$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="pubsub" AND userLabels.flyball="flyball"' '--format=value(name)')"
  gcloud beta monitoring channels delete "${channel}" --force --quiet
fi

# The ledger's database flyball
if [ "$(gcloud firestore databases list --project=acme-ml --filter=name=projects/acme-ml/databases/flyball --format=json)" != '[]' ]; then
  gcloud firestore databases update --project=acme-ml --database=flyball --no-delete-protection
  gcloud firestore databases delete --project=acme-ml --database=flyball --quiet
fi

# What keeps the quarantine for a week, for people
if [ "$(gcloud pubsub subscriptions list --project=acme-ml --filter=name=projects/acme-ml/subscriptions/flyball-quarantine --format=json)" != '[]' ]; then
  gcloud pubsub subscriptions delete flyball-quarantine --project=acme-ml
fi

# The topic flyball-quarantine: what nobody could handle
if [ "$(gcloud pubsub topics list --project=acme-ml --filter=name=projects/acme-ml/topics/flyball-quarantine --format=json)" != '[]' ]; then
  gcloud pubsub topics delete flyball-quarantine --project=acme-ml
fi

# The topic flyball-wakes: what a tick hands on
if [ "$(gcloud pubsub topics list --project=acme-ml --filter=name=projects/acme-ml/topics/flyball-wakes --format=json)" != '[]' ]; then
  gcloud pubsub topics delete flyball-wakes --project=acme-ml
fi

# The topic flyball-alerts: what Monitoring tells
if [ "$(gcloud pubsub topics list --project=acme-ml --filter=name=projects/acme-ml/topics/flyball-alerts --format=json)" != '[]' ]; then
  gcloud pubsub topics delete flyball-alerts --project=acme-ml
fi

# What remembering takes, in the one database
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.remember --format=none '--condition=^;^title=flyball-ledger;expression=resource.type == "firestore.googleapis.com/Database" && resource.name == "projects/acme-ml/databases/flyball"' || true  # it may not be there

# What scaling takes there, which advising does not have
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.scale_platform --format=none --condition=None || true  # it may not be there

# What deciding takes on AI Platform, where that is asked for
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.decide_platform --format=none --condition=None || true  # it may not be there

# What scaling takes, which advising does not have
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.scale --format=none --condition=None || true  # it may not be there

# What deciding takes
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.decide --format=none --condition=None || true  # it may not be there

# The role flyball.scale_platform: set nodes of AI Platform
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.scale_platform --format=json)" != '[]' ]; then
  gcloud iam roles delete flyball.scale_platform --project=acme-ml
fi

# The role flyball.decide_platform: read nodes of AI Platform
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.decide_platform --format=json)" != '[]' ]; then
  gcloud iam roles delete flyball.decide_platform --project=acme-ml
fi

# The role flyball.remember: read and append to the ledger
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.remember --format=json)" != '[]' ]; then
  gcloud iam roles delete flyball.remember --project=acme-ml
fi

# The role flyball.scale: set ranges of replicas and nodes
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.scale --format=json)" != '[]' ]; then
  gcloud iam roles delete flyball.scale --project=acme-ml
fi

# The role flyball.decide: read capacity and metrics
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.decide --format=json)" != '[]' ]; then
  gcloud iam roles delete flyball.decide --project=acme-ml
fi

# What a build may: storage.objectViewer
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-build@acme-ml.iam.gserviceaccount.com --role=roles/storage.objectViewer --format=none --condition=None || true  # it may not be there

# What a build may: logging.logWriter
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-build@acme-ml.iam.gserviceaccount.com --role=roles/logging.logWriter --format=none --condition=None || true  # it may not be there

# What a build may: artifactregistry.writer
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects remove-iam-policy-binding acme-ml --member=serviceAccount:flyball-build@acme-ml.iam.gserviceaccount.com --role=roles/artifactregistry.writer --format=none --condition=None || true  # it may not be there

# The service account flyball-build: what builds both functions
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-build@acme-ml.iam.gserviceaccount.com --format=json)" != '[]' ]; then
  gcloud iam service-accounts delete flyball-build@acme-ml.iam.gserviceaccount.com --project=acme-ml --quiet
fi

# The service account flyball-scheduler: what calls the function of every minute
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-scheduler@acme-ml.iam.gserviceaccount.com --format=json)" != '[]' ]; then
  gcloud iam service-accounts delete flyball-scheduler@acme-ml.iam.gserviceaccount.com --project=acme-ml --quiet
fi

# The service account flyball-trigger: what pushes messages to the function of alerts
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-trigger@acme-ml.iam.gserviceaccount.com --format=json)" != '[]' ]; then
  gcloud iam service-accounts delete flyball-trigger@acme-ml.iam.gserviceaccount.com --project=acme-ml --quiet
fi

# The service account flyball-run: what both functions run as
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-run@acme-ml.iam.gserviceaccount.com --format=json)" != '[]' ]; then
  gcloud iam service-accounts delete flyball-run@acme-ml.iam.gserviceaccount.com --project=acme-ml --quiet
fi
