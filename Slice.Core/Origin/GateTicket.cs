namespace Slice.Core.Origin;

/// <summary>On whose behalf a request asks for a permit of an <see cref="OriginGate"/>: permits are shared out by it.</summary>
/// <param name="Client">Address of the client; empty when nobody knows it.</param>
/// <param name="Target">What is asked for: host and request-target.</param>
public readonly record struct GateTicket(string Client, string Target)
{
    /// <summary>
    /// Cancelled when a client waits for the answer. Until then the request reads ahead: it lets those pass that somebody waits for, and
    /// its time in the line does not run. Default: somebody waits.
    /// </summary>
    public CancellationToken Wanted { get; init; }

    /// <summary>Whether the request reads ahead.</summary>
    public bool IsAhead => Wanted is { CanBeCanceled: true, IsCancellationRequested: false };

    /// <summary>The ticket of a request that is made with a template.</summary>
    public static GateTicket Of(SubrequestTemplate template) => new(template.Client, template.Host + template.Target);
}
