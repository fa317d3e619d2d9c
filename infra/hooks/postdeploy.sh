#!/bin/sh
# Subscribes the app to new images. `azd deploy` runs this script at its end and sets the outputs of infra/main.bicep as environment
# variables. To run it by hand, set the variables that are listed below. You can run it more than once.
set -eu

for name in AZURE_RESOURCE_GROUP BLIP_TARGET BLIP_APP_NAME BLIP_HOST BLIP_BLOB_FUNCTION \
    BLIP_SYSTEM_TOPIC BLIP_STORAGE_ACCOUNT BLIP_IMAGES BLIP_DEAD_LETTERS; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || { echo "postdeploy: $name is not set; run 'azd provision' first" >&2; exit 1; }
done
command -v az >/dev/null || { echo "postdeploy: needs the Azure CLI (az)" >&2; exit 1; }

webhook_key() {
    if [ "$BLIP_TARGET" = flex ]; then
        az functionapp keys list -g "$AZURE_RESOURCE_GROUP" -n "$BLIP_APP_NAME" \
            --query systemKeys.blobs_extension -o tsv
    else
        az containerapp function keys list -g "$AZURE_RESOURCE_GROUP" -n "$BLIP_APP_NAME" --key-type systemKey \
            --query "not_null(keys.blobs_extension, keys[?name=='blobs_extension'].value | [0])" -o tsv
    fi
}

# The key exists after the first start of the app with its blob trigger. A request starts the app.
BLIP_WEBHOOK_KEY=
for attempt in $(seq 1 40); do
    curl -fsS -o /dev/null --max-time 60 "https://$BLIP_HOST/health/live" 2>/dev/null || true
    BLIP_WEBHOOK_KEY=$(webhook_key 2>/dev/null || true)
    case $BLIP_WEBHOOK_KEY in '' | None) ;; *) break ;; esac
    echo "postdeploy: waiting for the webhook's key ($attempt of 40)"
    sleep 15
done
case $BLIP_WEBHOOK_KEY in
    '' | None)
        echo "postdeploy: the app has no system key 'blobs_extension' after 10 minutes." >&2
        echo "Does it run (https://$BLIP_HOST/health/live), and was it built with BlipBlobSource=EventGrid?" >&2
        exit 1
        ;;
esac
export BLIP_WEBHOOK_KEY

az deployment group create -g "$AZURE_RESOURCE_GROUP" -n blip-eventgrid \
    --parameters "$(dirname "$0")/../eventgrid.bicepparam" -o none
echo "postdeploy: new blobs in '$BLIP_IMAGES' now reach $BLIP_BLOB_FUNCTION at https://$BLIP_HOST"
