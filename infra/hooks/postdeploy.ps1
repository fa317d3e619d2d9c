# Subscribes the app to new images. `azd deploy` runs this script at its end and sets the outputs of infra/main.bicep as environment
# variables. To run it by hand, set the variables that are listed below. You can run it more than once.
$ErrorActionPreference = 'Stop'

foreach ($name in 'AZURE_RESOURCE_GROUP', 'BLIP_TARGET', 'BLIP_APP_NAME', 'BLIP_HOST', 'BLIP_BLOB_FUNCTION',
    'BLIP_SYSTEM_TOPIC', 'BLIP_STORAGE_ACCOUNT', 'BLIP_IMAGES', 'BLIP_DEAD_LETTERS') {
    if (-not [Environment]::GetEnvironmentVariable($name)) {
        throw "postdeploy: $name is not set; run 'azd provision' first"
    }
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { throw 'postdeploy: needs the Azure CLI (az)' }

function Get-WebhookKey {
    if ($env:BLIP_TARGET -eq 'flex') {
        az functionapp keys list -g $env:AZURE_RESOURCE_GROUP -n $env:BLIP_APP_NAME `
            --query systemKeys.blobs_extension -o tsv 2>$null
        return
    }
    # The key is selected here, not with --query, because cmd.exe would interpret the quotes and bars of the query.
    $answer = az containerapp function keys list -g $env:AZURE_RESOURCE_GROUP -n $env:BLIP_APP_NAME `
        --key-type systemKey -o json 2>$null | ConvertFrom-Json
    if ($answer.keys -is [array]) { ($answer.keys | Where-Object name -EQ 'blobs_extension').value }
    else { $answer.keys.blobs_extension }
}

# The key exists after the first start of the app with its blob trigger. A request starts the app.
$key = ''
foreach ($attempt in 1..40) {
    try { Invoke-WebRequest "https://$env:BLIP_HOST/health/live" -TimeoutSec 60 | Out-Null } catch { }
    $key = Get-WebhookKey
    if ($key -and $key -ne 'None') { break }
    $key = ''
    Write-Host "postdeploy: waiting for the webhook's key ($attempt of 40)"
    Start-Sleep -Seconds 15
}
if (-not $key) {
    throw "postdeploy: the app has no system key 'blobs_extension' after 10 minutes. " +
        "Does it run (https://$env:BLIP_HOST/health/live), and was it built with BlipBlobSource=EventGrid?"
}
$env:BLIP_WEBHOOK_KEY = $key

az deployment group create -g $env:AZURE_RESOURCE_GROUP -n blip-eventgrid `
    --parameters (Join-Path $PSScriptRoot '../eventgrid.bicepparam') -o none
if ($LASTEXITCODE -ne 0) { throw 'postdeploy: the Event Grid subscription was not made' }
Write-Host "postdeploy: new blobs in '$env:BLIP_IMAGES' now reach $env:BLIP_BLOB_FUNCTION at https://$env:BLIP_HOST"
