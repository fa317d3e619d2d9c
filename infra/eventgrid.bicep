// The subscription that hands new images to the function. It comes after the app: Event Grid calls the webhook
// while the subscription is made, and the webhook's key exists only once the app has run.

@description('Name of the Event Grid system topic.')
param systemTopicName string

@description('Name of the storage account that holds the dead letters.')
param storageAccountName string

@description('Webhook of the app for new blobs: https://HOST/runtime/webhooks/blobs?functionName=Host.Functions.NAME&code=KEY, where KEY is the system key `blobs_extension`.')
@secure()
@minLength(1)
param webhook string

@description('Container whose new blobs are images.')
param imagesContainer string

@description('Container that receives events which could not be delivered.')
param deadLettersContainer string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: systemTopicName
}

resource images 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'images'
  properties: {
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: webhook
        maxEventsPerBatch: 1
      }
    }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      subjectBeginsWith: '/blobServices/default/containers/${imagesContainer}/blobs/'
      // A side file with questions too: its image is answered anew.
    }
    eventDeliverySchema: 'EventGridSchema'
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: account.id
          blobContainerName: deadLettersContainer
        }
      }
    }
  }
}
