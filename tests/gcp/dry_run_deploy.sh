#!/bin/sh
# Printed by a dry run; nothing was run. It is what the program does, and may be run as
# it is, from the repository's root. The program changes only what differs.
# First: python deploy/stage.py gcp
# The label flyball-source is then a digest of build/gcp.
set -eu

# The project's number, of which the addresses of functions and agents are made
number="$(gcloud projects describe acme-ml '--format=value(projectNumber)')"

# The services
# found by: gcloud services list --enabled --project=acme-ml --format=json
gcloud services enable aiplatform.googleapis.com artifactregistry.googleapis.com cloudbuild.googleapis.com cloudfunctions.googleapis.com cloudscheduler.googleapis.com eventarc.googleapis.com firestore.googleapis.com iam.googleapis.com monitoring.googleapis.com pubsub.googleapis.com run.googleapis.com --project=acme-ml
gcloud beta services identity create --service=pubsub.googleapis.com --project=acme-ml

# The service account flyball-run: what both functions run as
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-run@acme-ml.iam.gserviceaccount.com --format=json)" = '[]' ]; then
  gcloud iam service-accounts create flyball-run --project=acme-ml '--display-name=Flyball (flyball): what both functions run as'
else
  gcloud iam service-accounts update flyball-run@acme-ml.iam.gserviceaccount.com --project=acme-ml '--display-name=Flyball (flyball): what both functions run as'
fi

# The service account flyball-trigger: what pushes messages to the function of alerts
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-trigger@acme-ml.iam.gserviceaccount.com --format=json)" = '[]' ]; then
  gcloud iam service-accounts create flyball-trigger --project=acme-ml '--display-name=Flyball (flyball): what pushes messages to the function of alerts'
else
  gcloud iam service-accounts update flyball-trigger@acme-ml.iam.gserviceaccount.com --project=acme-ml '--display-name=Flyball (flyball): what pushes messages to the function of alerts'
fi

# The service account flyball-scheduler: what calls the function of every minute
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-scheduler@acme-ml.iam.gserviceaccount.com --format=json)" = '[]' ]; then
  gcloud iam service-accounts create flyball-scheduler --project=acme-ml '--display-name=Flyball (flyball): what calls the function of every minute'
else
  gcloud iam service-accounts update flyball-scheduler@acme-ml.iam.gserviceaccount.com --project=acme-ml '--display-name=Flyball (flyball): what calls the function of every minute'
fi

# The service account flyball-build: what builds both functions
if [ "$(gcloud iam service-accounts list --project=acme-ml --filter=email=flyball-build@acme-ml.iam.gserviceaccount.com --format=json)" = '[]' ]; then
  gcloud iam service-accounts create flyball-build --project=acme-ml '--display-name=Flyball (flyball): what builds both functions'
else
  gcloud iam service-accounts update flyball-build@acme-ml.iam.gserviceaccount.com --project=acme-ml '--display-name=Flyball (flyball): what builds both functions'
fi

# What a build may: artifactregistry.writer
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:flyball-build@acme-ml.iam.gserviceaccount.com --role=roles/artifactregistry.writer --format=none --condition=None

# What a build may: logging.logWriter
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:flyball-build@acme-ml.iam.gserviceaccount.com --role=roles/logging.logWriter --format=none --condition=None

# What a build may: storage.objectViewer
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:flyball-build@acme-ml.iam.gserviceaccount.com --role=roles/storage.objectViewer --format=none --condition=None

# The role flyball.decide, where it was deleted within the last days
if [ "$(gcloud iam roles list --project=acme-ml --show-deleted '--filter=name=projects/acme-ml/roles/flyball.decide AND deleted=true' --format=json)" != '[]' ]; then
  gcloud iam roles undelete flyball.decide --project=acme-ml
fi

# The role flyball.decide: read capacity and metrics
# compared with: gcloud iam roles describe flyball.decide --project=acme-ml --format=json
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.decide --format=json)" = '[]' ]; then
  gcloud iam roles create flyball.decide --project=acme-ml '--title=Flyball (flyball): read capacity and metrics' --permissions=aiplatform.deploymentResourcePools.get,aiplatform.endpoints.get,aiplatform.operations.list,monitoring.timeSeries.list --stage=GA
else
  gcloud iam roles update flyball.decide --project=acme-ml '--title=Flyball (flyball): read capacity and metrics' --permissions=aiplatform.deploymentResourcePools.get,aiplatform.endpoints.get,aiplatform.operations.list,monitoring.timeSeries.list --stage=GA
fi

# The role flyball.scale, where it was deleted within the last days
if [ "$(gcloud iam roles list --project=acme-ml --show-deleted '--filter=name=projects/acme-ml/roles/flyball.scale AND deleted=true' --format=json)" != '[]' ]; then
  gcloud iam roles undelete flyball.scale --project=acme-ml
fi

# The role flyball.scale: set ranges of replicas and nodes
# compared with: gcloud iam roles describe flyball.scale --project=acme-ml --format=json
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.scale --format=json)" = '[]' ]; then
  gcloud iam roles create flyball.scale --project=acme-ml '--title=Flyball (flyball): set ranges of replicas and nodes' --permissions=aiplatform.deploymentResourcePools.update,aiplatform.endpoints.deploy --stage=GA
else
  gcloud iam roles update flyball.scale --project=acme-ml '--title=Flyball (flyball): set ranges of replicas and nodes' --permissions=aiplatform.deploymentResourcePools.update,aiplatform.endpoints.deploy --stage=GA
fi

# The role flyball.remember, where it was deleted within the last days
if [ "$(gcloud iam roles list --project=acme-ml --show-deleted '--filter=name=projects/acme-ml/roles/flyball.remember AND deleted=true' --format=json)" != '[]' ]; then
  gcloud iam roles undelete flyball.remember --project=acme-ml
fi

# The role flyball.remember: read and append to the ledger
# compared with: gcloud iam roles describe flyball.remember --project=acme-ml --format=json
if [ "$(gcloud iam roles list --project=acme-ml --filter=name=projects/acme-ml/roles/flyball.remember --format=json)" = '[]' ]; then
  gcloud iam roles create flyball.remember --project=acme-ml '--title=Flyball (flyball): read and append to the ledger' --permissions=datastore.entities.create,datastore.entities.get,datastore.entities.list,datastore.entities.update --stage=GA
else
  gcloud iam roles update flyball.remember --project=acme-ml '--title=Flyball (flyball): read and append to the ledger' --permissions=datastore.entities.create,datastore.entities.get,datastore.entities.list,datastore.entities.update --stage=GA
fi

# What deciding takes
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.decide --format=none --condition=None

# What scaling takes, which advising does not have
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.scale --format=none --condition=None

# What remembering takes, in the one database
# found by: gcloud projects get-iam-policy acme-ml --format=json
gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=projects/acme-ml/roles/flyball.remember --format=none '--condition=^;^title=flyball-ledger;expression=resource.type == "firestore.googleapis.com/Database" && resource.name == "projects/acme-ml/databases/flyball"'

# The topic flyball-alerts: what Monitoring tells
if [ "$(gcloud pubsub topics list --project=acme-ml --filter=name=projects/acme-ml/topics/flyball-alerts --format=json)" = '[]' ]; then
  gcloud pubsub topics create flyball-alerts --project=acme-ml --labels=flyball=flyball
else
  gcloud pubsub topics update flyball-alerts --project=acme-ml --update-labels=flyball=flyball
fi

# The topic flyball-wakes: what a tick hands on
if [ "$(gcloud pubsub topics list --project=acme-ml --filter=name=projects/acme-ml/topics/flyball-wakes --format=json)" = '[]' ]; then
  gcloud pubsub topics create flyball-wakes --project=acme-ml --labels=flyball=flyball
else
  gcloud pubsub topics update flyball-wakes --project=acme-ml --update-labels=flyball=flyball
fi

# The topic flyball-quarantine: what nobody could handle
if [ "$(gcloud pubsub topics list --project=acme-ml --filter=name=projects/acme-ml/topics/flyball-quarantine --format=json)" = '[]' ]; then
  gcloud pubsub topics create flyball-quarantine --project=acme-ml --labels=flyball=flyball
else
  gcloud pubsub topics update flyball-quarantine --project=acme-ml --update-labels=flyball=flyball
fi

# What keeps the quarantine for a week, for people
if [ "$(gcloud pubsub subscriptions list --project=acme-ml --filter=name=projects/acme-ml/subscriptions/flyball-quarantine --format=json)" = '[]' ]; then
  gcloud pubsub subscriptions create flyball-quarantine --project=acme-ml --topic=flyball-quarantine --message-retention-duration=7d --expiration-period=never
else
  gcloud pubsub subscriptions update flyball-quarantine --project=acme-ml --message-retention-duration=7d --expiration-period=never
fi

# A tick may hand on
# found by: gcloud pubsub topics get-iam-policy flyball-wakes --project=acme-ml --format=json
gcloud pubsub topics add-iam-policy-binding flyball-wakes --project=acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=roles/pubsub.publisher --format=none

# A function may put aside
# found by: gcloud pubsub topics get-iam-policy flyball-quarantine --project=acme-ml --format=json
gcloud pubsub topics add-iam-policy-binding flyball-quarantine --project=acme-ml --member=serviceAccount:flyball-run@acme-ml.iam.gserviceaccount.com --role=roles/pubsub.publisher --format=none

# Pub/Sub may put aside what was pushed too often
# found by: gcloud pubsub topics get-iam-policy flyball-quarantine --project=acme-ml --format=json
gcloud pubsub topics add-iam-policy-binding flyball-quarantine --project=acme-ml --member=serviceAccount:service-"${number}"@gcp-sa-pubsub.iam.gserviceaccount.com --role=roles/pubsub.publisher --format=none

# The ledger's database flyball
if [ "$(gcloud firestore databases list --project=acme-ml --filter=name=projects/acme-ml/databases/flyball --format=json)" = '[]' ]; then
  gcloud firestore databases create --project=acme-ml --database=flyball --location=europe-west4 --type=firestore-native --delete-protection
else
  gcloud firestore databases update --project=acme-ml --database=flyball --delete-protection
fi

# No index of targets.config
if [ "$(gcloud firestore indexes fields list --project=acme-ml --database=flyball --filter=name=projects/acme-ml/databases/flyball/collectionGroups/targets/fields/config --format=json)" = '[]' ]; then
  gcloud firestore indexes fields update config --project=acme-ml --database=flyball --collection-group=targets --disable-indexes
fi

# No index of targets.history
if [ "$(gcloud firestore indexes fields list --project=acme-ml --database=flyball --filter=name=projects/acme-ml/databases/flyball/collectionGroups/targets/fields/history --format=json)" = '[]' ]; then
  gcloud firestore indexes fields update history --project=acme-ml --database=flyball --collection-group=targets --disable-indexes
fi

# No index of targets.pending
if [ "$(gcloud firestore indexes fields list --project=acme-ml --database=flyball --filter=name=projects/acme-ml/databases/flyball/collectionGroups/targets/fields/pending --format=json)" = '[]' ]; then
  gcloud firestore indexes fields update pending --project=acme-ml --database=flyball --collection-group=targets --disable-indexes
fi

# No index of targets.seen
if [ "$(gcloud firestore indexes fields list --project=acme-ml --database=flyball --filter=name=projects/acme-ml/databases/flyball/collectionGroups/targets/fields/seen --format=json)" = '[]' ]; then
  gcloud firestore indexes fields update seen --project=acme-ml --database=flyball --collection-group=targets --disable-indexes
fi

# No index of ledger.body
if [ "$(gcloud firestore indexes fields list --project=acme-ml --database=flyball --filter=name=projects/acme-ml/databases/flyball/collectionGroups/ledger/fields/body --format=json)" = '[]' ]; then
  gcloud firestore indexes fields update body --project=acme-ml --database=flyball --collection-group=ledger --disable-indexes
fi

# The channel by which alerts reach its function
if [ "$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="pubsub" AND userLabels.flyball="flyball"' --format=json)" = '[]' ]; then
  gcloud beta monitoring channels create --project=acme-ml '--channel-content={"type":"pubsub","displayName":"Flyball (flyball): alerts reach its function","labels":{"topic":"projects/acme-ml/topics/flyball-alerts"},"userLabels":{"flyball":"flyball"}}'
else
  channel="$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="pubsub" AND userLabels.flyball="flyball"' '--format=value(name)')"
  gcloud beta monitoring channels update "${channel}" '--channel-content={"type":"pubsub","displayName":"Flyball (flyball): alerts reach its function","labels":{"topic":"projects/acme-ml/topics/flyball-alerts"},"userLabels":{"flyball":"flyball"}}'
fi
channel="$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="pubsub" AND userLabels.flyball="flyball"' '--format=value(name)')"

# Monitoring may write to its topic
# found by: gcloud pubsub topics get-iam-policy flyball-alerts --project=acme-ml --format=json
gcloud pubsub topics add-iam-policy-binding flyball-alerts --project=acme-ml --member=serviceAccount:service-"${number}"@gcp-sa-monitoring-notification.iam.gserviceaccount.com --role=roles/pubsub.publisher --format=none

# The channel by which people are told of silence
if [ "$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="email" AND userLabels.flyball="flyball"' --format=json)" = '[]' ]; then
  gcloud beta monitoring channels create --project=acme-ml '--channel-content={"type":"email","displayName":"Flyball (flyball): people are told of silence","labels":{"email_address":"ops@example.com"},"userLabels":{"flyball":"flyball"}}'
else
  people="$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="email" AND userLabels.flyball="flyball"' '--format=value(name)')"
  gcloud beta monitoring channels update "${people}" '--channel-content={"type":"email","displayName":"Flyball (flyball): people are told of silence","labels":{"email_address":"ops@example.com"},"userLabels":{"flyball":"flyball"}}'
fi
people="$(gcloud beta monitoring channels list --project=acme-ml '--filter=type="email" AND userLabels.flyball="flyball"' '--format=value(name)')"

# The function flyball-alert, of alerts
# found by: gcloud functions list --project=acme-ml --regions=europe-west4 --v2 --filter=name=projects/acme-ml/locations/europe-west4/functions/flyball-alert --format=json
gcloud functions deploy flyball-alert --project=acme-ml --gen2 --region=europe-west4 --runtime=python312 --source=build/gcp --entry-point=on_alert --trigger-topic=flyball-alerts --retry --trigger-service-account=flyball-trigger@acme-ml.iam.gserviceaccount.com --service-account=flyball-run@acme-ml.iam.gserviceaccount.com --build-service-account=projects/acme-ml/serviceAccounts/flyball-build@acme-ml.iam.gserviceaccount.com --no-allow-unauthenticated --ingress-settings=internal-only --min-instances=0 --max-instances=10 --concurrency=1 --timeout=120s --memory=256Mi --cpu=1 --set-env-vars=FLYBALL_GCP_PROJECT=acme-ml,FLYBALL_GCP_REGION=europe-west4,FLYBALL_FIRESTORE_DATABASE=flyball,FLYBALL_WAKES_TOPIC=flyball-wakes,FLYBALL_DEAD_TOPIC=flyball-quarantine,FLYBALL_ALERT_CHANNEL="${channel}",FLYBALL_TICK_AUDIENCE=https://flyball-tick-"${number}".europe-west4.run.app,FLYBALL_TICK_ACCOUNT=flyball-scheduler@acme-ml.iam.gserviceaccount.com,FLYBALL_TICK_SIGNATURE=platform,FLYBALL_TIMEOUT_S=120,FLYBALL_ALARM_PREFIX=flyball,FLYBALL_MODE=apply --update-labels=flyball=flyball,flyball-source=the-digest-of-the-staged-folder --quiet

# What pushes messages may call it
# found by: gcloud run services get-iam-policy flyball-alert --project=acme-ml --region=europe-west4 --format=json
gcloud run services add-iam-policy-binding flyball-alert --project=acme-ml --region=europe-west4 --member=serviceAccount:flyball-trigger@acme-ml.iam.gserviceaccount.com --role=roles/run.invoker --format=none

# The subscription that was made with the function
subscription="$(gcloud eventarc triggers list --project=acme-ml --location=europe-west4 --filter=transport.pubsub.topic=projects/acme-ml/topics/flyball-alerts '--format=value(transport.pubsub.subscription)')"

# What it failed to handle too often is put aside
# found by: gcloud pubsub subscriptions list --project=acme-ml --filter=name="${subscription}" --format=json
gcloud pubsub subscriptions update "${subscription}" --project=acme-ml --dead-letter-topic=projects/acme-ml/topics/flyball-quarantine --max-delivery-attempts=20

# Pub/Sub may take from it what it puts aside
# found by: gcloud pubsub subscriptions get-iam-policy "${subscription}" --project=acme-ml --format=json
gcloud pubsub subscriptions add-iam-policy-binding "${subscription}" --project=acme-ml --member=serviceAccount:service-"${number}"@gcp-sa-pubsub.iam.gserviceaccount.com --role=roles/pubsub.subscriber --format=none

# What pushes handed-on targets to the function of alerts
if [ "$(gcloud pubsub subscriptions list --project=acme-ml --filter=name=projects/acme-ml/subscriptions/flyball-wakes --format=json)" = '[]' ]; then
  gcloud pubsub subscriptions create flyball-wakes --project=acme-ml --topic=flyball-wakes --push-endpoint=https://flyball-alert-"${number}".europe-west4.run.app --push-auth-service-account=flyball-trigger@acme-ml.iam.gserviceaccount.com --push-auth-token-audience=https://flyball-alert-"${number}".europe-west4.run.app --ack-deadline=130 --min-retry-delay=10s --max-retry-delay=600s --expiration-period=never --dead-letter-topic=projects/acme-ml/topics/flyball-quarantine --max-delivery-attempts=20
else
  gcloud pubsub subscriptions update flyball-wakes --project=acme-ml --push-endpoint=https://flyball-alert-"${number}".europe-west4.run.app --push-auth-service-account=flyball-trigger@acme-ml.iam.gserviceaccount.com --push-auth-token-audience=https://flyball-alert-"${number}".europe-west4.run.app --ack-deadline=130 --min-retry-delay=10s --max-retry-delay=600s --expiration-period=never --dead-letter-topic=projects/acme-ml/topics/flyball-quarantine --max-delivery-attempts=20
fi

# Pub/Sub may take from it what it puts aside
# found by: gcloud pubsub subscriptions get-iam-policy flyball-wakes --project=acme-ml --format=json
gcloud pubsub subscriptions add-iam-policy-binding flyball-wakes --project=acme-ml --member=serviceAccount:service-"${number}"@gcp-sa-pubsub.iam.gserviceaccount.com --role=roles/pubsub.subscriber --format=none

# The function flyball-tick, of every minute
# found by: gcloud functions list --project=acme-ml --regions=europe-west4 --v2 --filter=name=projects/acme-ml/locations/europe-west4/functions/flyball-tick --format=json
gcloud functions deploy flyball-tick --project=acme-ml --gen2 --region=europe-west4 --runtime=python312 --source=build/gcp --entry-point=on_tick --trigger-http --service-account=flyball-run@acme-ml.iam.gserviceaccount.com --build-service-account=projects/acme-ml/serviceAccounts/flyball-build@acme-ml.iam.gserviceaccount.com --no-allow-unauthenticated --ingress-settings=internal-only --min-instances=0 --max-instances=10 --concurrency=1 --timeout=120s --memory=256Mi --cpu=1 --set-env-vars=FLYBALL_GCP_PROJECT=acme-ml,FLYBALL_GCP_REGION=europe-west4,FLYBALL_FIRESTORE_DATABASE=flyball,FLYBALL_WAKES_TOPIC=flyball-wakes,FLYBALL_DEAD_TOPIC=flyball-quarantine,FLYBALL_ALERT_CHANNEL="${channel}",FLYBALL_TICK_AUDIENCE=https://flyball-tick-"${number}".europe-west4.run.app,FLYBALL_TICK_ACCOUNT=flyball-scheduler@acme-ml.iam.gserviceaccount.com,FLYBALL_TICK_SIGNATURE=platform,FLYBALL_TIMEOUT_S=120,FLYBALL_ALARM_PREFIX=flyball,FLYBALL_MODE=apply --update-labels=flyball=flyball,flyball-source=the-digest-of-the-staged-folder --quiet

# What ticks may call it
# found by: gcloud run services get-iam-policy flyball-tick --project=acme-ml --region=europe-west4 --format=json
gcloud run services add-iam-policy-binding flyball-tick --project=acme-ml --region=europe-west4 --member=serviceAccount:flyball-scheduler@acme-ml.iam.gserviceaccount.com --role=roles/run.invoker --format=none

# The job of every minute
if [ "$(gcloud scheduler jobs list --project=acme-ml --location=europe-west4 --filter=name=projects/acme-ml/locations/europe-west4/jobs/flyball-tick --format=json)" = '[]' ]; then
  gcloud scheduler jobs create http flyball-tick --project=acme-ml --location=europe-west4 '--schedule=* * * * *' --time-zone=Etc/UTC --uri=https://flyball-tick-"${number}".europe-west4.run.app --http-method=POST '--message-body={"flyball":"tick"}' --oidc-service-account-email=flyball-scheduler@acme-ml.iam.gserviceaccount.com --oidc-token-audience=https://flyball-tick-"${number}".europe-west4.run.app --attempt-deadline=120s --max-retry-attempts=0 --headers=Content-Type=application/json
else
  gcloud scheduler jobs update http flyball-tick --project=acme-ml --location=europe-west4 '--schedule=* * * * *' --time-zone=Etc/UTC --uri=https://flyball-tick-"${number}".europe-west4.run.app --http-method=POST '--message-body={"flyball":"tick"}' --oidc-service-account-email=flyball-scheduler@acme-ml.iam.gserviceaccount.com --oidc-token-audience=https://flyball-tick-"${number}".europe-west4.run.app --attempt-deadline=120s --max-retry-attempts=0 --update-headers=Content-Type=application/json
  gcloud scheduler jobs resume flyball-tick --project=acme-ml --location=europe-west4
fi

# The alert for people: no tick succeeded, or something was put aside
if [ "$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="dead-man"' --format=json)" = '[]' ]; then
  gcloud alpha monitoring policies create --project=acme-ml '--policy={"displayName":"Flyball (flyball) is silent, or put something aside","combiner":"OR","conditions":[{"displayName":"no tick of flyball-tick succeeded","conditionAbsent":{"filter":"resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND resource.labels.service_name = \"flyball-tick\" AND metric.labels.response_code_class = \"2xx\"","duration":"300s","aggregations":[{"alignmentPeriod":"60s","crossSeriesReducer":"REDUCE_SUM","perSeriesAligner":"ALIGN_DELTA"}]}},{"displayName":"flyball-quarantine holds messages","conditionThreshold":{"filter":"resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.labels.subscription_id = \"flyball-quarantine\"","comparison":"COMPARISON_GT","thresholdValue":0.5,"duration":"0s","aggregations":[{"alignmentPeriod":"60s","crossSeriesReducer":"REDUCE_SUM","perSeriesAligner":"ALIGN_MAX"}]}}],"documentation":{"content":"Nothing is scaled while no tick succeeds: read the function'"'"'s log. What was put aside says why in its attribute `reason`.","mimeType":"text/markdown"},"userLabels":{"flyball":"flyball","flyball_part":"dead-man"},"notificationChannels":["'"${people}"'"]}'
else
  dead_man="$(gcloud alpha monitoring policies list --project=acme-ml '--filter=userLabels.flyball="flyball" AND userLabels.flyball_part="dead-man"' '--format=value(name)')"
  gcloud alpha monitoring policies update "${dead_man}" '--policy={"displayName":"Flyball (flyball) is silent, or put something aside","combiner":"OR","conditions":[{"displayName":"no tick of flyball-tick succeeded","conditionAbsent":{"filter":"resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND resource.labels.service_name = \"flyball-tick\" AND metric.labels.response_code_class = \"2xx\"","duration":"300s","aggregations":[{"alignmentPeriod":"60s","crossSeriesReducer":"REDUCE_SUM","perSeriesAligner":"ALIGN_DELTA"}]}},{"displayName":"flyball-quarantine holds messages","conditionThreshold":{"filter":"resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.labels.subscription_id = \"flyball-quarantine\"","comparison":"COMPARISON_GT","thresholdValue":0.5,"duration":"0s","aggregations":[{"alignmentPeriod":"60s","crossSeriesReducer":"REDUCE_SUM","perSeriesAligner":"ALIGN_MAX"}]}}],"documentation":{"content":"Nothing is scaled while no tick succeeds: read the function'"'"'s log. What was put aside says why in its attribute `reason`.","mimeType":"text/markdown"},"userLabels":{"flyball":"flyball","flyball_part":"dead-man"},"notificationChannels":["'"${people}"'"]}'
fi

# The dashboard
if [ "$(gcloud monitoring dashboards list --project=acme-ml '--filter=displayName="Flyball (flyball)"' --format=json)" = '[]' ]; then
  gcloud monitoring dashboards create --project=acme-ml '--config={"displayName":"Flyball (flyball)","labels":{"flyball":"flyball"},"mosaicLayout":{"columns":48,"tiles":[{"width":24,"height":12,"widget":{"title":"Ticks a minute, by answer","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND resource.labels.service_name = \"flyball-tick\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_DELTA","crossSeriesReducer":"REDUCE_SUM","groupByFields":["metric.label.response_code_class"]}}}}]}}},{"xPos":24,"width":24,"height":12,"widget":{"title":"Alerts and wakes a minute, by answer","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND resource.labels.service_name = \"flyball-alert\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_DELTA","crossSeriesReducer":"REDUCE_SUM","groupByFields":["metric.label.response_code_class"]}}}}]}}},{"yPos":12,"width":24,"height":12,"widget":{"title":"Waiting, and put aside","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_SUM","groupByFields":["resource.label.subscription_id"]}}}}]}}},{"xPos":24,"yPos":12,"width":24,"height":12,"widget":{"title":"Replicas in service","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"aiplatform.googleapis.com/Endpoint\" AND metric.type = \"aiplatform.googleapis.com/prediction/online/replicas\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_SUM","groupByFields":["resource.label.endpoint_id"]}}}}]}}},{"yPos":24,"width":24,"height":12,"widget":{"title":"Replicas that Google wants","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"aiplatform.googleapis.com/Endpoint\" AND metric.type = \"aiplatform.googleapis.com/prediction/online/target_replicas\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_SUM","groupByFields":["resource.label.endpoint_id"]}}}}]}}},{"xPos":24,"yPos":24,"width":24,"height":12,"widget":{"title":"GPU duty cycle","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"aiplatform.googleapis.com/Endpoint\" AND metric.type = \"aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_MEAN","groupByFields":["resource.label.endpoint_id"]}}}}]}}}]}}'
else
  dashboard="$(gcloud monitoring dashboards list --project=acme-ml '--filter=displayName="Flyball (flyball)"' '--format=value(name)')"
  etag="$(gcloud monitoring dashboards list --project=acme-ml '--filter=displayName="Flyball (flyball)"' '--format=value(etag)')"
  gcloud monitoring dashboards update "${dashboard}" '--config={"displayName":"Flyball (flyball)","labels":{"flyball":"flyball"},"mosaicLayout":{"columns":48,"tiles":[{"width":24,"height":12,"widget":{"title":"Ticks a minute, by answer","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND resource.labels.service_name = \"flyball-tick\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_DELTA","crossSeriesReducer":"REDUCE_SUM","groupByFields":["metric.label.response_code_class"]}}}}]}}},{"xPos":24,"width":24,"height":12,"widget":{"title":"Alerts and wakes a minute, by answer","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"cloud_run_revision\" AND metric.type = \"run.googleapis.com/request_count\" AND resource.labels.service_name = \"flyball-alert\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_DELTA","crossSeriesReducer":"REDUCE_SUM","groupByFields":["metric.label.response_code_class"]}}}}]}}},{"yPos":12,"width":24,"height":12,"widget":{"title":"Waiting, and put aside","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_SUM","groupByFields":["resource.label.subscription_id"]}}}}]}}},{"xPos":24,"yPos":12,"width":24,"height":12,"widget":{"title":"Replicas in service","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"aiplatform.googleapis.com/Endpoint\" AND metric.type = \"aiplatform.googleapis.com/prediction/online/replicas\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_SUM","groupByFields":["resource.label.endpoint_id"]}}}}]}}},{"yPos":24,"width":24,"height":12,"widget":{"title":"Replicas that Google wants","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"aiplatform.googleapis.com/Endpoint\" AND metric.type = \"aiplatform.googleapis.com/prediction/online/target_replicas\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_SUM","groupByFields":["resource.label.endpoint_id"]}}}}]}}},{"xPos":24,"yPos":24,"width":24,"height":12,"widget":{"title":"GPU duty cycle","xyChart":{"dataSets":[{"timeSeriesQuery":{"timeSeriesFilter":{"filter":"resource.type = \"aiplatform.googleapis.com/Endpoint\" AND metric.type = \"aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle\"","aggregation":{"alignmentPeriod":"60s","perSeriesAligner":"ALIGN_MEAN","crossSeriesReducer":"REDUCE_MEAN","groupByFields":["resource.label.endpoint_id"]}}}}]}}}]},"etag":"'"${etag}"'"}'
fi
