using './eventgrid.bicep'

// From the environment, so that the key is never an argument of a process.
var host = readEnvironmentVariable('BLIP_HOST')
var function = readEnvironmentVariable('BLIP_BLOB_FUNCTION')
var key = readEnvironmentVariable('BLIP_WEBHOOK_KEY')

param systemTopicName = readEnvironmentVariable('BLIP_SYSTEM_TOPIC')
param storageAccountName = readEnvironmentVariable('BLIP_STORAGE_ACCOUNT')
param webhook = 'https://${host}/runtime/webhooks/blobs?functionName=Host.Functions.${function}&code=${key}'
param imagesContainer = readEnvironmentVariable('BLIP_IMAGES')
param deadLettersContainer = readEnvironmentVariable('BLIP_DEAD_LETTERS')
