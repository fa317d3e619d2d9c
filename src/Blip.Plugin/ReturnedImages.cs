using Blip.AI;
using Blip.AI.Chat;
using Microsoft.SemanticKernel;

namespace Blip.Plugin;

/// <summary>Gives the images that functions return to a model a handle, and the model a line in their place.</summary>
internal sealed class ReturnedImages(BlipConversation conversation) : IAutoFunctionInvocationFilter
{
    public async Task OnAutoFunctionInvocationAsync(
        AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
    {
        await next(context).ConfigureAwait(false);
        if (context.Result.GetValue<object>() is ImageContent image && LineOf(image, conversation) is { } line)
            context.Result = new FunctionResult(context.Result, line);
    }

    /// <summary>The line that stands for an image; <see langword="null"/> where there is none.</summary>
    public static string? LineOf(KernelContent content, BlipConversation conversation) => content switch
    {
        ImageContent { Data: { } data } => AttachedImages.Line(conversation, data.Span),
        ImageContent { Uri: { } address } => AttachedImages.Line(conversation, address),
#pragma warning disable SKEXP0001, SKEXP0110 // Looked at alone.
        FileReferenceContent file => AttachedImages.HostedLine(file.FileId),
#pragma warning restore SKEXP0001, SKEXP0110
        _ => null,
    };
}
