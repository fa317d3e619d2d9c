// Blip on Azure: one resource group with keyless storage, telemetry, alerts, Event Grid and one of three hosts for the
// same Functions app (parameter `target`). Deployed by azd, or by `az deployment sub create`; docs/deployment.md tells how.
targetScope = 'subscription'

@description('Name of the environment: part of the resource group\'s name and the seed of every other name.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of every resource. With a GPU it must be one that offers the workload profile.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Where the app runs: `flex` is Functions on Flex Consumption (CPU), `container` Functions in a container on Container Apps (CPU), `gpu` the same container on a serverless GPU.')
@allowed(['flex', 'container', 'gpu'])
param target string = 'flex'

@description('Workload profile of the target `gpu`.')
@allowed(['Consumption-GPU-NC8as-T4', 'Consumption-GPU-NC24-A100'])
param gpuProfile string = 'Consumption-GPU-NC8as-T4'

@description('Model that answers: `demo` (inside the app) or the id of a repository on the Hugging Face Hub. A Flex instance has too little disk for a full-size checkpoint.')
param model string = 'demo'

@description('Precision: empty leaves the choice to the app (fp32 on a CPU, fp16 on a GPU).')
@allowed(['', 'auto', 'fp32', 'fp16', 'int8'])
param precision string = ''

@description('Container into which images are uploaded.')
param imagesContainer string = 'images'

@description('Container into which answers are written.')
param answersContainer string = 'answers'

@description('Name of the blob-triggered function, as Event Grid calls it.')
param blobFunction string = 'AnswerImage'

@description('Whether the page that asks questions is at `/`. It needs no key; what it asks needs the app\'s.')
param page bool = false

@description('Origins of web pages that may call the app, separated by semicolons: `https://app.example.com;https://other.example.com`.')
param corsOrigins string = ''

@description('Further app settings, by name.')
param extraSettings object = {}

@description('Target `flex`: memory of an instance in megabytes.')
@allowed([2048, 4096])
param instanceMemoryMB int = 4096

@description('Target `flex`: most instances at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Target `flex`: instances kept ready for HTTP. 0 costs nothing while idle and starts cold.')
@minValue(0)
param alwaysReady int = 0

@description('Target `flex`: instances kept ready for images that arrive as blobs. 0 costs nothing while idle and starts cold.')
@minValue(0)
param alwaysReadyBlobs int = 0

@description('Target `flex`: HTTP requests that one instance takes at a time before another is started. An image keeps all cores busy, so it is low.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 4

@description('Targets `container` and `gpu`: image to run. azd sets it after the first deployment; empty runs a public stand-in.')
param containerImage string = ''

@description('Targets `container` and `gpu`: replicas kept while nothing happens. 0 costs nothing while idle and starts cold.')
@minValue(0)
param minimumReplicas int = 0

@description('Targets `container` and `gpu`: most replicas at a time. On a GPU each counts against the quota.')
@minValue(1)
@maxValue(1000)
param maximumReplicas int = 1

@description('Whether the app reaches its storage account through a virtual network, and the account takes nothing from the internet.')
param virtualNetwork bool = false

@description('Addresses of the virtual network.')
param networkPrefix string = '10.80.0.0/16'

@description('With a virtual network: public addresses or ranges that may reach the storage account too, separated by semicolons; for whoever uploads images.')
param storageAddresses string = ''

@description('Gigabytes of telemetry a day after which no more is taken in; -1 for no limit.')
param telemetryDailyLimitGb int = 1

@description('Days for which telemetry is kept.')
@minValue(30)
@maxValue(730)
param telemetryRetentionDays int = 30

@description('Address told by alerts and budget; empty makes rules that only show in the portal.')
param alertEmail string = ''

@description('Failed requests and invocations in 15 minutes above which the failure alert fires.')
@minValue(0)
param alertFailures int = 5

@description('95th percentile of the request duration in milliseconds above which the latency alert fires.')
@minValue(1)
param alertLatencyMs int = 30000

@description('Monthly budget in the currency of the subscription, of which owners are told at 50 % and 100 %; 0 makes none. It stops nothing.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the budget, yyyy-MM-01; empty for this month. A budget keeps its first day: azd keeps it as BLIP_BUDGET_START.')
param budgetStart string = ''

@description('The month in which this is deployed. Leave it.')
param thisMonth string = utcNow('yyyy-MM-01')

@description('Principal that may upload images and read answers by hand; empty for nobody.')
param principalId string = deployer().objectId

var names = loadJsonContent('./abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var identityName = '${names.managedIdentity}${token}'
var deploymentIdentityName = '${identityName}-deployment'
var storageName = '${names.storageAccount}${token}'
var isFlex = target == 'flex'
var packageContainer = 'deployment'
var deadLettersContainer = 'dead-letters'
var origins = empty(corsOrigins) ? [] : split(corsOrigins, ';')
var firstDay = empty(budgetStart) ? thisMonth : budgetStart

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: '${names.resourceGroup}${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  scope: group
  params: {
    name: identityName
    location: location
    tags: tags
  }
}

// The platform stores the package of a Flex app under an identity of its own: the app's has no right to it.
module deploymentIdentity 'app/identity.bicep' = if (isFlex) {
  scope: group
  params: {
    name: deploymentIdentityName
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: '${names.logAnalytics}${token}'
    insightsName: '${names.insights}${token}'
    location: location
    tags: tags
    identityName: identityName
    identityPrincipalId: identity.outputs.principalId
    dailyLimitGb: telemetryDailyLimitGb
    retentionDays: telemetryRetentionDays
  }
}

module storage 'app/storage.bicep' = {
  scope: group
  params: {
    name: storageName
    location: location
    tags: tags
    imagesContainer: imagesContainer
    answersContainer: answersContainer
    deadLettersContainer: deadLettersContainer
    packageContainer: isFlex ? packageContainer : ''
    identityName: identityName
    identityPrincipalId: identity.outputs.principalId
    deploymentIdentityName: deploymentIdentityName
    deploymentPrincipalId: isFlex ? deploymentIdentity!.outputs.principalId : ''
    userPrincipalId: principalId
    workspaceId: monitoring.outputs.workspaceId
    isPrivate: virtualNetwork
    allowedAddresses: empty(storageAddresses) ? [] : split(storageAddresses, ';')
  }
}

module network 'app/network.bicep' = if (virtualNetwork) {
  scope: group
  params: {
    name: '${names.virtualNetwork}${token}'
    endpointPrefix: '${names.privateEndpoint}${token}'
    location: location
    tags: tags
    addressPrefix: networkPrefix
    storageAccountName: storageName
  }
  dependsOn: [
    storage
  ]
}

var subnetId = virtualNetwork ? network!.outputs.appSubnetId : ''

var settings = union(
  {
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
    APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
    // Which of its identities a client library in the app takes.
    AZURE_CLIENT_ID: identity.outputs.clientId
    AzureWebJobsStorage__blobServiceUri: storage.outputs.blobUri
    AzureWebJobsStorage__clientId: identity.outputs.clientId
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__queueServiceUri: storage.outputs.queueUri
    BlipAnswers: answersContainer
    BlipImages: imagesContainer
    Blip__Model: model
  },
  empty(precision) ? {} : { Blip__Precision: precision },
  // The platform has a page of its own at that address.
  page ? { AzureWebJobsDisableHomepage: 'true', Blip__Page: 'true' } : {},
  extraSettings
)

module flex 'app/flex.bicep' = if (isFlex) {
  scope: group
  params: {
    name: '${names.functionApp}${token}'
    planName: '${names.hostingPlan}${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    deploymentIdentityId: deploymentIdentity!.outputs.id
    packageUri: '${storage.outputs.blobUri}${packageContainer}'
    settings: union(settings, {
      // The application folder is read-only there.
      HF_HOME: '/tmp/huggingface'
    })
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    alwaysReady: alwaysReady
    alwaysReadyBlobs: alwaysReadyBlobs
    httpConcurrency: httpConcurrency
    corsOrigins: origins
    subnetId: subnetId
  }
}

module container 'app/container.bicep' = if (!isFlex) {
  scope: group
  params: {
    name: '${names.containerApp}${token}'
    environmentName: '${names.containerAppsEnvironment}${token}'
    registryName: '${names.containerRegistry}${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityName: identityName
    identityPrincipalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    image: containerImage
    workloadProfile: target == 'gpu' ? gpuProfile : 'Consumption'
    corsOrigins: origins
    subnetId: subnetId
    minimumReplicas: minimumReplicas
    maximumReplicas: maximumReplicas
    settings: union(settings, {
      // The default there, Container Apps' own secrets, makes no keys; Event Grid needs one.
      AzureWebJobsSecretStorageType: 'blob'
      FUNCTIONS_WORKER_RUNTIME: 'dotnet-isolated'
    })
  }
}

module events 'app/events.bicep' = {
  scope: group
  params: {
    name: '${names.eventGridSystemTopic}${token}'
    location: location
    tags: tags
    storageAccountName: storageName
    deadLettersContainer: deadLettersContainer
  }
  dependsOn: [
    storage
  ]
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: {
    prefix: 'blip-${token}'
    actionGroupName: '${names.actionGroup}${token}'
    location: location
    tags: tags
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    systemTopicId: events.outputs.id
    failures: alertFailures
    latencyMs: alertLatencyMs
  }
}

module budget 'app/budget.bicep' = if (monthlyBudget > 0) {
  scope: group
  params: {
    amount: monthlyBudget
    start: firstDay
    email: alertEmail
  }
}

// azd keeps outputs as environment values; azure.yaml and the hooks read them.
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = isFlex ? '' : container!.outputs.registry
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_TENANT_ID string = tenant().tenantId
output BLIP_ANSWERS string = answersContainer
output BLIP_APP_NAME string = isFlex ? flex!.outputs.name : container!.outputs.name
output BLIP_BLOB_FUNCTION string = blobFunction
output BLIP_BUDGET_START string = monthlyBudget > 0 ? firstDay : budgetStart
output BLIP_DEAD_LETTERS string = deadLettersContainer
output BLIP_DEPLOY_CONTAINER bool = !isFlex
output BLIP_DEPLOY_FLEX bool = isFlex
output BLIP_HOST string = isFlex ? flex!.outputs.host : container!.outputs.host
output BLIP_IMAGES string = imagesContainer
output BLIP_RUNTIME string = target == 'gpu' ? 'gpu' : 'cpu'
output BLIP_STORAGE_ACCOUNT string = storageName
output BLIP_SYSTEM_TOPIC string = events.outputs.name
output BLIP_TARGET string = target
