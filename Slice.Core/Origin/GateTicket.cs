namespace Slice.Core.Origin;

/// <summary>On whose behalf a request asks for a permit of an <see cref="OriginGate"/>: permits are shared out by it.</summary>
/// <param name="Client">Address of the client; empty when nobody knows it.</param>
/// <param name="Target">What is asked for: host and request-target.</param>
public readonly record struct GateTicket(string Client, string Target)
{
    /// <summary>The ticket of a request that is made with a template.</summary>
    public static GateTicket Of(SubrequestTemplate template) => new(template.Client, template.Host + template.Target);
}
