namespace Slice.Core.Http;

/// <summary>How often a TRACE or OPTIONS may still be forwarded (RFC 9110 §7.6.2). Pure.</summary>
internal static class MaxForwards
{
    /// <summary>
    /// The value that binds us: of TRACE and OPTIONS only, as other methods may ignore the field. False when there is none, or the value is
    /// no number, or the field stands twice: it goes on as it came then. Numbers too large for us are <see cref="long.MaxValue"/>.
    /// </summary>
    public static bool TryRead(RequestHead head, out long left)
    {
        left = 0;
        return head.Method is RequestMethod.Trace or RequestMethod.Options
            && head.Fields.Count(KnownField.MaxForwards) == 1
            && head.Fields.TryGet(KnownField.MaxForwards, out var value)
            && DecimalDigits.TryParseClamped(value, out left);
    }
}
