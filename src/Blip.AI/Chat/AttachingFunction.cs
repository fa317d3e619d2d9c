using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>A function of the application whose images get handles before the model reads its result.</summary>
internal sealed class AttachingFunction(AIFunction inner, BlipConversation conversation, bool keepImages) : DelegatingAIFunction(inner)
{
    protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken)
    {
        object? result = await base.InvokeCoreAsync(arguments, cancellationToken).ConfigureAwait(false);
        return AttachedImages.AttachResult(result, conversation, keepImages);
    }
}
